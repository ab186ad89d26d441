/**
 * Who is this device? A bounded cache over the store, since every batch asks. Entries live a short while, so that a withdrawn key stops
 * working everywhere within that time; the server that withdraws it forgets the entry at once.
 */
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../telemetry/clock.ts';
import { publicKeyOf } from './device-token.ts';
import type { DeviceState, DevicesStore } from './store.ts';

export interface DeviceIdentity {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly name: string;
  readonly osPlatform: string;
  readonly state: DeviceState;
  /** Number of the device group; 0 when none took it. */
  readonly groupId: number;
  /** Name of the device group; `` for a tenant without groups. */
  readonly groupName: string;
  /** Kinds of order its agent said it can carry out. */
  readonly carriesOut: readonly string[];
  /** Null: a collector tells of it, and it has no agent of ours. */
  readonly key: KeyObject | null;
}

/** An agent that does not say is of a version that had no more. */
const FIRST_AGENTS_CARRY_OUT = ['Isolate', 'Unisolate'];
const CAPACITY = 200_000;
const LIFETIME_MS = 60_000;
/** A stranger's id is remembered too, so that guessing ids does not reach the database each time. */
const STRANGER_LIFETIME_MS = 5_000;

export class DeviceDirectory {
  readonly #entries = new Map<string, { identity: DeviceIdentity | null; until: number }>();
  readonly #loading = new Map<string, Promise<DeviceIdentity | null>>();
  readonly #store: Pick<DevicesStore, 'identity'>;
  readonly #clock: Clock;

  constructor(store: Pick<DevicesStore, 'identity'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async find(deviceId: string): Promise<DeviceIdentity | null> {
    const entry = this.#entries.get(deviceId);
    if (entry && entry.until > this.#clock.now().getTime()) return entry.identity;
    const loading = this.#loading.get(deviceId) ?? this.#load(deviceId);
    this.#loading.set(deviceId, loading);
    return loading.finally(() => this.#loading.delete(deviceId));
  }

  forget(deviceId: string): void {
    this.#entries.delete(deviceId);
  }

  /** The devices of a tenant may have other groups now. */
  forgetTenant(tenantId: string): void {
    for (const [id, { identity }] of this.#entries)
      if (identity?.tenantId === tenantId) this.#entries.delete(id);
  }

  async #load(deviceId: string): Promise<DeviceIdentity | null> {
    const row = await this.#store.identity(deviceId);
    const identity = row
      ? {
          tenantId: row.tenant_id,
          deviceId: row.id,
          name: row.computer_name,
          osPlatform: row.os_platform,
          state: row.state,
          groupId: row.rbac_group_id,
          groupName: row.rbac_group_name ?? '',
          carriesOut: row.carries_out ?? FIRST_AGENTS_CARRY_OUT,
          key:
            row.public_key_x === null
              ? null
              : publicKeyOf({ kty: 'OKP', crv: 'Ed25519', x: row.public_key_x }),
        }
      : null;
    // Re-inserting moves the entry to the end: Map order is the age order that eviction uses.
    this.#entries.delete(deviceId);
    this.#entries.set(deviceId, {
      identity,
      until: this.#clock.now().getTime() + (identity ? LIFETIME_MS : STRANGER_LIFETIME_MS),
    });
    if (this.#entries.size > CAPACITY) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return identity;
  }
}
