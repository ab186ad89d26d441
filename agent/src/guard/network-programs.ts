/** Loads the network guard's kernel half, fills its maps and reads what it met. Reads and writes what agent/native/guard.bpf.c lays out. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { findAsset } from '../asset-places.ts';
import type { ClockReadings } from '../sensor/boot-clock.ts';
import { type BpfObject, loadLibbpf, openBpfObject } from '../sensor/bpf-object.ts';
import { addressText } from '../sensor/bpf-records.ts';
import { RingBuffer } from '../sensor/ring-buffer.ts';
import { cgroupFolder, type ResolvedScope } from '../sensor/scope.ts';
import type { Koffi, SystemCalls } from '../sensor/system-calls.ts';
import type { Effect } from './effect.ts';
import { nameOfKey } from './network-rules.ts';

const RING_BYTES = 1 << 18;
const BTF = '/sys/kernel/btf/vmlinux';
const EFFECT = { allow: 0, observe: 1, deny: 2 } as const satisfies Record<Effect, number>;
const HIT = { address: 1, name: 2 } as const;
const HIT_BYTES = 336;
const COMM_AT = 64;
const COMM_BYTES = 16;
const NAME_AT = 80;
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, 'Icmp'],
  [6, 'Tcp'],
  [17, 'Udp'],
  [58, 'Icmp'],
]);

/** Programs of each map. A map without entries needs none of them, and costs nothing. */
const PROGRAMS = {
  addresses: ['on_connect4', 'on_connect6', 'on_sendmsg4', 'on_sendmsg6'],
  names: ['on_egress'],
} as const;
export type RuleMap = keyof typeof PROGRAMS;

export interface NetworkHit {
  /** What was met: an address to which somebody wanted to go, or a name that somebody asked for. */
  readonly met:
    | { readonly kind: 'address'; readonly address: string }
    | { readonly kind: 'name'; readonly name: string };
  readonly port: number;
  readonly protocol: string;
  readonly refused: boolean;
  /** As the rule was numbered. */
  readonly indicator: number;
  readonly pid: number;
  /** Nanoseconds since boot. */
  readonly start: number;
  readonly time: number;
  readonly comm: string;
}

export class NetworkPrograms {
  readonly #object: BpfObject;
  readonly #ring: RingBuffer;
  readonly #cgroupFd: number;
  readonly #attached = new Map<RuleMap, (() => void)[]>();
  /** The clocks that hits are stamped by. */
  readonly clock: ClockReadings;

  /** @throws with the reason when the kernel or the device lacks what it needs. */
  constructor(koffi: Koffi, calls: SystemCalls, scope: ResolvedScope) {
    if (!existsSync(BTF)) throw new Error(`the kernel has no type information (${BTF})`);
    const programs = findAsset('guard.bpf.o');
    if (programs === null) throw new Error('guard.bpf.o is not beside the agent');
    this.clock = { bootNs: calls.bootNs, realtimeNs: calls.realtimeNs };
    this.#cgroupFd = openSync(cgroupFolder(scope.cgroupPath), 'r');
    let object: BpfObject | null = null;
    try {
      object = openBpfObject(koffi, loadLibbpf(koffi), programs);
      this.#object = object;
      this.#ring = new RingBuffer(calls, object.mapFd('hits'), RING_BYTES);
      const settings = Buffer.alloc(16);
      settings.writeUInt32LE(scope.number, 0);
      settings.writeUInt32LE(scope.netns, 4);
      settings.writeUInt32LE(process.pid, 8);
      object.writeElement('guarded', 0, settings);
    } catch (error) {
      object?.close();
      closeSync(this.#cgroupFd);
      throw error;
    }
  }

  set(map: RuleMap, key: Buffer, effect: Effect, indicator: number): void {
    const value = Buffer.alloc(8);
    value.writeUInt32LE(EFFECT[effect], 0);
    value.writeUInt32LE(indicator, 4);
    this.#object.setElement(map, key, value);
  }

  remove(map: RuleMap, key: Buffer): void {
    this.#object.deleteElement(map, key);
  }

  /** @throws with the kernel's reason; then none of the map's programs runs. */
  attach(map: RuleMap): void {
    if (this.#attached.has(map)) return;
    const ends: (() => void)[] = [];
    try {
      for (const program of PROGRAMS[map]) ends.push(this.#object.attachToCgroup(program, this.#cgroupFd));
    } catch (error) {
      for (const end of ends) end();
      throw error;
    }
    this.#attached.set(map, ends);
  }

  detach(map: RuleMap): void {
    for (const end of this.#attached.get(map) ?? []) end();
    this.#attached.delete(map);
  }

  drain(take: (hit: NetworkHit) => void): void {
    this.#ring.drain((data, at, length) => {
      const hit = decodeHit(data, at, length);
      if (hit !== null) take(hit);
    });
  }

  /** Hits for which there was no room. */
  untold(): number {
    return this.#object.counter('untold', 0);
  }

  close(): void {
    this.detach('addresses');
    this.detach('names');
    this.#ring.close();
    this.#object.close();
    closeSync(this.#cgroupFd);
  }
}

/** Null for a record that this build does not know. */
export function decodeHit(b: Buffer, at: number, length: number): NetworkHit | null {
  if (length < HIT_BYTES || at + HIT_BYTES > b.length) return null;
  const type = b.readUInt32LE(at);
  const nameBytes = b.readUInt16LE(at + 44);
  if ((type !== HIT.address && type !== HIT.name) || nameBytes > HIT_BYTES - NAME_AT) return null;
  const commEnd = b.indexOf(0, at + COMM_AT);
  return {
    met:
      type === HIT.address
        ? { kind: 'address', address: addressText(b, at + 48, 6) }
        : { kind: 'name', name: nameOfKey(b.subarray(at + NAME_AT, at + NAME_AT + nameBytes)) },
    port: b.readUInt16LE(at + 42),
    protocol: PROTOCOLS.get(b[at + 46] ?? 0) ?? '',
    refused: b[at + 47] === 1,
    indicator: b.readUInt32LE(at + 36),
    pid: b.readUInt32LE(at + 24),
    start: Number(b.readBigUInt64LE(at + 16)),
    time: Number(b.readBigUInt64LE(at + 8)),
    comm: b.toString('utf8', at + COMM_AT, Math.min(commEnd, at + COMM_AT + COMM_BYTES)),
  };
}
