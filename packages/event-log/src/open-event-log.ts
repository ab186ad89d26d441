import { mkdir, unlink } from 'node:fs/promises';
import { Appender } from './appender.ts';
import type { CheckpointFile } from './checkpoint.ts';
import { lockDirectory } from './directory-lock.ts';
import type { LogBrokenError } from './errors.ts';
import type { EventLog, EventLogLogger } from './event-log.ts';
import { syncFolder } from './files.ts';
import { Housekeeping } from './housekeeping.ts';
import { SegmentReader } from './log-reader.ts';
import { LogState } from './log-state.ts';
import { checkpointPath, type RecoveredLog, recover, writeEnd } from './recover.ts';
import { SegmentWriter } from './segment-writer.ts';

export interface EventLogOptions {
  /** Made if need be; one process at a time. */
  readonly dir: string;
  /** A segment is closed before it grows past this. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Unread bytes kept before `append` answers with LogFullError. Default 8 GiB. Read ones take up to two segments more. */
  readonly retainBytes?: number;
  /** Streams whose sequences are remembered; beyond, those silent for longest are forgotten. Default 1,000,000 (some 300 MB of memory). */
  readonly maxStreams?: number;
  readonly log?: EventLogLogger;
  /** The disk failed under the log: every later `append` is refused. Only opening it again, which finds out what is there, helps. */
  readonly onBroken?: (error: LogBrokenError) => void;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
const RETAIN_BYTES = 8 * 1024 * 1024 * 1024;
const MAX_STREAMS = 1_000_000;
const READER_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * Opens the log and cuts off what a crash left unfinished at its end. Rejects with CorruptLogError when something acknowledged cannot be read,
 * with LogLockedError when another process has it open.
 */
export async function openEventLog(options: EventLogOptions): Promise<EventLog> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(options.dir);
  try {
    return compose(options, await recover(options.dir), unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

function compose(options: EventLogOptions, recovered: RecoveredLog, unlock: () => void): EventLog {
  const {
    dir,
    segmentBytes = SEGMENT_BYTES,
    retainBytes = RETAIN_BYTES,
    maxStreams = MAX_STREAMS,
    log = null,
  } = options;
  const state = new LogState(dir, recovered, log);
  const readers = new Map<string, SegmentReader>();
  const slowest = () => {
    const cursors = [...readers.values()].map(({ committed }) => committed);
    return cursors.length === 0 ? null : cursors.reduce((a, b) => (b.position < a.position ? b : a));
  };
  const { snapshot, bytesSinceSnapshot, tornBytes, active } = recovered;
  const segment = state.segments.at(-1);
  if (!segment) throw new Error('a recovered log has no segment');
  const housekeeping = new Housekeeping(
    state,
    { ...snapshot, since: bytesSinceSnapshot - segment.bytes },
    { segmentBytes, maxStreams },
    {
      settled: async () => {
        for (const reader of readers.values()) await reader.registered();
      },
      slowest: () => slowest()?.position ?? null,
    },
  );
  const addReader = (name: string, from: ConstructorParameters<typeof SegmentReader>[2]) => {
    const reader = new SegmentReader(name, state, from, () => housekeeping.tidy());
    readers.set(name, reader);
    return reader;
  };
  for (const [name, checkpoint] of recovered.readers) addReader(name, checkpoint as CheckpointFile);
  const writer = new SegmentWriter(
    state,
    { handle: active, segment },
    segmentBytes,
    () => housekeeping.rolled(state.segments.at(-2)?.bytes ?? 0),
    options.onBroken ?? (() => {}),
  );
  const appender = new Appender(state, writer, retainBytes, () =>
    state.bytesFrom(slowest() ?? state.beginning()),
  );
  if (tornBytes > 0)
    log?.warn(
      { bytes: tornBytes },
      'an interrupted write, acknowledged to nobody, was cut off the event log',
    );
  let closing: Promise<void> | null = null;

  async function close(): Promise<void> {
    state.closed = true;
    await appender.idle();
    state.announce();
    for (const reader of readers.values()) await reader.close();
    await housekeeping.idle();
    await writer.close();
    if (!writer.broken) await writeEnd(dir, state.next);
    unlock();
  }

  return {
    append: (record) => appender.append(record),

    reader(name, { from = 'oldest' } = {}) {
      if (!READER_NAME.test(name)) throw new RangeError(`"${name}" is not a reader name`);
      return readers.get(name) ?? addReader(name, from === 'newest' ? state.end() : state.beginning());
    },

    async dropReader(name) {
      const reader = readers.get(name);
      if (!reader) return;
      await reader.close();
      readers.delete(name);
      await unlink(checkpointPath(dir, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await syncFolder(dir);
      housekeeping.tidy();
    },

    stats: () => ({
      bytes: state.segments.reduce((sum, { bytes }) => sum + bytes, 0),
      oldest: state.oldest,
      newest: state.next - 1,
      readers: [...readers.values()].map(({ name, committed }) => ({
        name,
        lagRecords: state.next - committed.position,
        lagBytes: state.bytesFrom(committed),
      })),
      streams: state.streams.size,
      forgottenStreams: state.streams.forgotten,
      tornBytes,
    }),

    close() {
      closing ??= close();
      return closing;
    },
  };
}
