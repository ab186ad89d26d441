/** Takes records as they come and writes those that wait together as one group, with one sync. While one group is written the next gathers. */
import { InvalidRecordError, LogClosedError, LogFullError } from './errors.ts';
import { type AppendRecord, MAX_PAYLOAD_BYTES, type Position } from './event-log.ts';
import { HEADER_BYTES, payloadCrc, writeFrameHead } from './frame.ts';
import type { LogState } from './log-state.ts';
import { MAX_GROUP_BYTES } from './recover.ts';
import type { SegmentWriter } from './segment-writer.ts';
import { holds, type StreamState, withRecord } from './stream-table.ts';

type Appended = { duplicate: boolean; position: Position };

interface Pending {
  readonly record: AppendRecord;
  readonly streamBytes: number;
  readonly epochBytes: number;
  readonly crc: number;
  readonly frameBytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** Memory that records may hold while they wait for the disk. */
const MAX_PENDING_BYTES = 128 * 1024 * 1024;
/** A smaller payload is copied next to its header; a larger one is handed to the kernel as it is. */
const COPY_BYTES = 16 * 1024;

export class Appender {
  readonly #state: LogState;
  readonly #writer: SegmentWriter;
  readonly #retainBytes: number;
  /** Bytes that the slowest reader has not committed. */
  readonly #unreadBytes: () => number;
  #queue: Pending[] = [];
  #pendingBytes = 0;
  #working: Promise<void> | null = null;

  constructor(state: LogState, writer: SegmentWriter, retainBytes: number, unreadBytes: () => number) {
    this.#state = state;
    this.#writer = writer;
    this.#retainBytes = retainBytes;
    this.#unreadBytes = unreadBytes;
  }

  async append(record: AppendRecord): Promise<Appended> {
    if (this.#state.closed) throw new LogClosedError();
    if (this.#writer.broken) throw this.#writer.broken;
    const streamBytes = nameBytes('stream', record.stream);
    const epochBytes = nameBytes('epoch', record.epoch);
    if (!Number.isSafeInteger(record.seq) || record.seq < 0) {
      throw new InvalidRecordError(`seq must be a whole number from 0, not ${record.seq}`);
    }
    if (record.payload.length > MAX_PAYLOAD_BYTES) {
      throw new InvalidRecordError(
        `a payload has at most ${MAX_PAYLOAD_BYTES} bytes, not ${record.payload.length}`,
      );
    }
    const frameBytes = HEADER_BYTES + streamBytes + epochBytes + record.payload.length;
    if (this.#pendingBytes + frameBytes > MAX_PENDING_BYTES) {
      throw new LogFullError(
        'pending',
        `${this.#pendingBytes} bytes already wait to be written to the event log`,
      );
    }
    const crc = payloadCrc(record.payload, this.#state.identity.salt);
    return new Promise((resolve, reject) => {
      this.#queue.push({ record, streamBytes, epochBytes, crc, frameBytes, resolve, reject });
      this.#pendingBytes += frameBytes;
      this.#working ??= this.#work();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    // Begun in a later turn, so that appends made together are written together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      try {
        await this.#commit(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
      for (const { frameBytes } of group) this.#pendingBytes -= frameBytes;
    }
    this.#working = null;
  }

  #nextGroup(): Pending[] {
    let bytes = 0;
    const past = this.#queue.findIndex((pending, i) => {
      bytes += pending.frameBytes;
      return i > 0 && bytes > MAX_GROUP_BYTES;
    });
    return this.#queue.splice(0, past < 0 ? this.#queue.length : past);
  }

  /** Answers each of the group, or throws what is to be answered to those not yet answered. */
  async #commit(group: readonly Pending[]): Promise<void> {
    const { streams } = this.#state;
    const first = this.#state.next;
    const unread = this.#unreadBytes();
    const changed = new Map<string, StreamState>();
    const taken: Pending[] = [];
    const repeated: { pending: Pending; position: Position }[] = [];
    let bytes = 0;
    let full: LogFullError | null = null;
    for (const pending of group) {
      const { stream, epoch, seq } = pending.record;
      const known = changed.get(stream) ?? streams.get(stream);
      if (known && holds(known, epoch, seq)) {
        repeated.push({ pending, position: known.position });
      } else if (full || (unread + bytes > 0 && unread + bytes + pending.frameBytes > this.#retainBytes)) {
        // Once one is refused, so is the rest of its group: they stay in the order they came in.
        full ??= new LogFullError(
          'unread',
          `a reader of the event log lags by ${unread} bytes; ${this.#retainBytes} are kept at most`,
        );
        pending.reject(full);
      } else {
        changed.set(stream, withRecord(known, epoch, seq, first + taken.length));
        taken.push(pending);
        bytes += pending.frameBytes;
      }
    }
    if (taken.length > 0) {
      await this.#writer.write(first, encodeGroup(taken, first), bytes);
      for (const [stream, state] of changed) streams.set(stream, state);
      this.#remember(first, taken, bytes);
      this.#state.next = first + taken.length;
      for (const [i, { resolve }] of taken.entries()) resolve({ duplicate: false, position: first + i });
      this.#state.announce();
    }
    for (const { pending, position } of repeated) pending.resolve({ duplicate: true, position });
  }

  /** For readers that keep up. The group was written at the end of the active segment. */
  #remember(first: Position, taken: readonly Pending[], bytes: number): void {
    const active = this.#state.segments.at(-1);
    if (!active) return;
    let offset = active.bytes - bytes;
    for (const [i, { record, frameBytes }] of taken.entries()) {
      const { stream, payload } = record;
      this.#state.tail.push({
        position: first + i,
        stream,
        payload,
        segment: active.first,
        offset,
        size: frameBytes,
      });
      offset += frameBytes;
    }
  }
}

function encodeGroup(group: readonly Pending[], first: Position): Buffer[] {
  const copied = ({ record: { payload } }: Pending) => payload.length <= COPY_BYTES;
  const size = group.reduce(
    (sum, pending) => sum + pending.frameBytes - (copied(pending) ? 0 : pending.record.payload.length),
    0,
  );
  const arena = Buffer.allocUnsafe(size);
  const buffers: Buffer[] = [];
  let from = 0;
  let at = 0;
  for (const [i, pending] of group.entries()) {
    const { record, crc } = pending;
    at += writeFrameHead(
      arena,
      at,
      { ...pending, ...record, position: first + i, durable: first },
      record.payload.length,
      crc,
    );
    if (copied(pending)) {
      record.payload.copy(arena, at);
      at += record.payload.length;
    } else {
      buffers.push(arena.subarray(from, at), record.payload);
      from = at;
    }
  }
  if (at > from) buffers.push(arena.subarray(from, at));
  return buffers;
}

function nameBytes(what: string, name: string): number {
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > 255)
    throw new InvalidRecordError(`${what} must have 1 to 255 bytes, not ${bytes}`);
  // What is read back must be what was written, or repeats would not be known: a lone surrogate does not survive.
  if (/\p{Surrogate}/u.test(name)) throw new InvalidRecordError(`${what} is not well-formed text`);
  return bytes;
}
