/**
 * Reader of a BPF ring buffer (kernel/bpf/ringbuf.c): a page with the reader's position, a page with the writer's, then the data, mapped
 * twice in a row so that a record that wraps is still contiguous. Records are read where they lie.
 */
import type { Mapping, SystemCalls } from './system-calls.ts';

const BUSY = 0x80000000;
const DISCARDED = 0x40000000;
const LENGTH_MASK = 0x3fffffff;
const HEADER = 8;
/** Room is given back this often while reading, so that a long backlog does not hold up the writers. */
const RELEASE_EVERY = 64;

export class RingBuffer {
  #mask: number;
  #consumerMap: Mapping;
  #producerMap: Mapping;
  #consumer: BigUint64Array;
  #producer: BigUint64Array;
  #data: Buffer;
  #headers: Int32Array;
  #position: number;

  /** `bytes` is the size the map was made with. @throws when the kernel refuses the mapping. */
  constructor(calls: SystemCalls, fd: number, bytes: number) {
    const page = calls.pageSize();
    const consumer = calls.map(fd, page, true, 0);
    const producer = calls.map(fd, page + 2 * bytes, false, page);
    if (consumer === null || producer === null) {
      consumer?.unmap();
      producer?.unmap();
      throw new Error(`mapping the ring buffer: ${calls.errorName(calls.errno())}`);
    }
    this.#mask = bytes - 1;
    this.#consumerMap = consumer;
    this.#producerMap = producer;
    this.#consumer = new BigUint64Array(consumer.buffer, 0, 1);
    this.#producer = new BigUint64Array(producer.buffer, 0, 1);
    this.#data = Buffer.from(producer.buffer, page, 2 * bytes);
    this.#headers = new Int32Array(producer.buffer, page, (2 * bytes) / 4);
    this.#position = Number(Atomics.load(this.#consumer, 0));
  }

  /** Hands out every record written so far, until one that is still being written. `data` is valid only during the call. */
  drain(take: (data: Buffer, at: number, length: number) => void): number {
    let taken = 0;
    for (;;) {
      const written = Number(Atomics.load(this.#producer, 0));
      if (this.#position >= written) break;
      while (this.#position < written) {
        const at = this.#position & this.#mask;
        const header = Atomics.load(this.#headers, at >>> 2);
        if ((header & BUSY) !== 0) {
          this.#release();
          return taken;
        }
        const length = header & LENGTH_MASK;
        if ((header & DISCARDED) === 0) {
          take(this.#data, at + HEADER, length);
          taken++;
        }
        this.#position += (length + HEADER + 7) & ~7;
        if ((taken & (RELEASE_EVERY - 1)) === 0) this.#release();
      }
    }
    this.#release();
    return taken;
  }

  #release(): void {
    Atomics.store(this.#consumer, 0, BigInt(this.#position));
  }

  close(): void {
    this.#consumerMap.unmap();
    this.#producerMap.unmap();
  }
}
