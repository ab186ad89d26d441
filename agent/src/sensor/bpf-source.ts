/** Loads the kernel half, tells it the scope, and drains its ring buffer into the kernel source. */
import { existsSync } from 'node:fs';
import { findAsset } from '../asset-places.ts';
import { type BpfObject, loadLibbpf, openBpfObject } from './bpf-object.ts';
import { decodeRecord, type SensorRecord } from './bpf-records.ts';
import type { Poller } from './poller.ts';
import { RingBuffer } from './ring-buffer.ts';
import type { ResolvedScope } from './scope.ts';
import type { Koffi, SystemCalls } from './system-calls.ts';

const RING_BYTES = 8 << 20;
const SETTINGS_BYTES = 24;
const BTF = '/sys/kernel/btf/vmlinux';

export class BpfSource {
  #object: BpfObject;
  #ring: RingBuffer;
  #ringFd: number;
  #poller: Poller;
  #scope: ResolvedScope;
  #take: (record: SensorRecord) => void;
  /** Records this build could not read. */
  undecoded = 0;
  readonly refused: string[];

  /** @throws with the reason when BPF cannot be had. */
  constructor(
    koffi: Koffi,
    calls: SystemCalls,
    poller: Poller,
    scope: ResolvedScope,
    witness: number,
    take: (record: SensorRecord) => void,
  ) {
    if (!existsSync(BTF)) throw new Error(`the kernel has no type information (${BTF})`);
    const programs = findAsset('sensor.bpf.o');
    if (programs === null) throw new Error('sensor.bpf.o is not beside the agent');
    this.#object = openBpfObject(koffi, loadLibbpf(koffi), programs);
    try {
      this.#scope = scope;
      this.#take = take;
      this.#poller = poller;
      this.#ringFd = this.#object.mapFd('ring');
      this.#ring = new RingBuffer(calls, this.#ringFd, RING_BYTES);
      this.setWitness(witness);
      this.refused = this.#object.attach();
    } catch (error) {
      this.#object.close();
      throw error;
    }
    poller.add(this.#ringFd, () => this.drain());
  }

  /** Process whose events pass whatever the scope; 0 for none. */
  setWitness(pid: number): void {
    const settings = Buffer.alloc(SETTINGS_BYTES);
    settings.writeUInt32LE(this.#scope.number, 0);
    settings.writeUInt32LE(this.#scope.level, 4);
    settings.writeBigUInt64LE(this.#scope.cgroupId, 8);
    settings.writeUInt32LE(this.#scope.netns, 16);
    settings.writeUInt32LE(pid, 20);
    this.#object.writeElement('settings', 0, settings);
  }

  drain(): void {
    this.#ring.drain((data, at, length) => {
      const record = decodeRecord(data, at, length);
      if (record === null) this.undecoded++;
      else this.#take(record);
    });
  }

  /** Records the kernel had no room for. */
  lost(): { process: number; network: number } {
    return { process: this.#object.counter('dropped', 0), network: this.#object.counter('dropped', 1) };
  }

  close(): void {
    this.#poller.remove(this.#ringFd);
    this.drain();
    this.#ring.close();
    this.#object.close();
  }
}
