/** Tells what the machine is: at start, every hour, and when its network changes. */
import {
  type DeviceFacts,
  deviceInfoRow,
  networkInfoRow,
  readAdapters,
  readDeviceFacts,
  readGateways,
  readNameServers,
} from './device-info.ts';
import type { Poller } from './poller.ts';
import { openReceiver, receiveAll } from './receiver.ts';
import type { SensorRow } from './sensor.ts';
import { AF, SOCK, type SystemCalls } from './system-calls.ts';

export interface DeviceSourceDeps {
  /** Null without native calls: then changes are only seen by the hour. */
  native: { calls: SystemCalls; poller: Poller } | null;
  emit: (row: SensorRow) => void;
  timestamp: () => string;
  own: () => Pick<DeviceFacts, 'users' | 'domain' | 'agentVersion' | 'sensor'>;
}

const HOURLY_MS = 3_600_000;
/** A change comes as a burst of messages. */
const SETTLE_MS = 2000;
const NETLINK_ROUTE = 0;
const RECEIVE_BYTES = 256 * 1024;
const ROUTE_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400; // links, IPv4 addresses and routes, IPv6 addresses and routes

export class DeviceSource {
  #d: DeviceSourceDeps;
  #fd = -1;
  #hourly: NodeJS.Timeout | null = null;
  #settle: NodeJS.Timeout | null = null;
  #last = '';
  readonly counts = { rows: 0 };

  constructor(deps: DeviceSourceDeps) {
    this.#d = deps;
  }

  start(): void {
    this.#report(true);
    this.#hourly = setInterval(() => this.#report(true), HOURLY_MS);
    this.#watchNetwork();
  }

  #watchNetwork(): void {
    const { native } = this.#d;
    if (native === null) return;
    const { calls, poller } = native;
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF.netlink, 0);
    address.writeUInt32LE(ROUTE_GROUPS, 8);
    let fd: number;
    try {
      fd = openReceiver(calls, {
        what: 'route socket',
        family: AF.netlink,
        type: SOCK.raw,
        protocol: NETLINK_ROUTE,
        address,
        bufferBytes: RECEIVE_BYTES,
      });
    } catch {
      // Changes are then seen by the hour.
      return;
    }
    this.#fd = fd;
    const buffer = Buffer.alloc(64 * 1024);
    poller.add(fd, () => {
      // Dropped or not: what counts is that something changed.
      receiveAll(calls, fd, buffer, () => undefined);
      this.#settle ??= setTimeout(() => {
        this.#settle = null;
        this.#report(false);
      }, SETTLE_MS);
    });
  }

  /** All rows when `whole`, else the adapters' and only if something differs. */
  #report(whole: boolean): void {
    const timestamp = this.#d.timestamp();
    const gateways = readGateways();
    const servers = readNameServers();
    const adapters = readAdapters().map((a) =>
      networkInfoRow(
        timestamp,
        a,
        gateways.filter((g) => g.adapter === a.name).map((g) => g.gateway),
        servers,
      ),
    );
    const fingerprint = JSON.stringify(adapters.map((row) => ({ ...row, Timestamp: '' })));
    if (whole) this.#emit(deviceInfoRow(timestamp, readDeviceFacts(this.#d.own())));
    if (whole || fingerprint !== this.#last) for (const row of adapters) this.#emit(row);
    this.#last = fingerprint;
  }

  #emit(row: SensorRow): void {
    this.counts.rows++;
    this.#d.emit(row);
  }

  stop(): void {
    if (this.#hourly !== null) clearInterval(this.#hourly);
    if (this.#settle !== null) clearTimeout(this.#settle);
    if (this.#fd >= 0 && this.#d.native !== null) {
      this.#d.native.poller.remove(this.#fd);
      this.#d.native.calls.close(this.#fd);
      this.#fd = -1;
    }
  }
}
