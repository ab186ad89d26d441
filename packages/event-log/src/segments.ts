/** The log's files: `<first ordinal>.log` segments, and `<first ordinal>.streams` snapshots of what was known when that segment began. */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rename, stat, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CorruptLogError } from './errors.ts';
import { anyFrameFrom, readFrame } from './frame.ts';
import { type Epochs, StreamMemory } from './stream-memory.ts';

export interface Segment {
  /** Ordinal of its first record. */
  readonly first: number;
  readonly path: string;
  bytes: number;
  records: number;
}

const NAME = /^(\d{16})\.(log|streams)$/;
const SNAPSHOT_END = 'end';

export function segmentPath(dir: string, first: number, kind: 'log' | 'streams'): string {
  return join(dir, `${String(first).padStart(16, '0')}.${kind}`);
}

/** Names of data and renames are durable only once their folder is. */
export async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface LoadedLog {
  readonly segments: Segment[];
  readonly streams: StreamMemory;
  /** Segment whose beginning the newest whole snapshot describes; -1 for none. */
  readonly snapshotFirst: number;
  /** Bytes of an unfinished last write that were cut off. */
  readonly cutBytes: number;
}

/**
 * Reads what is there. A torn end of the last segment was never acknowledged and is cut off; anything else that cannot be read is
 * {@link CorruptLogError}, unless `repair`: then everything from the damage to the end of its segment is cut off too.
 */
export async function loadLog(dir: string, repair = false): Promise<LoadedLog> {
  const names = (await readdir(dir)).flatMap((name) => {
    const match = NAME.exec(name);
    return match ? [{ first: Number(match[1]), kind: match[2] }] : [];
  });
  const firsts = names
    .filter((name) => name.kind === 'log')
    .map((name) => name.first)
    .sort((a, b) => a - b);
  const snapshots = names
    .filter((name) => name.kind === 'streams')
    .map((name) => name.first)
    .sort((a, b) => b - a);

  let streams = new StreamMemory();
  let snapshotFirst = -1;
  for (const first of snapshots) {
    const entries = await readSnapshot(segmentPath(dir, first, 'streams'));
    if (!entries) continue;
    streams = new StreamMemory(entries);
    snapshotFirst = first;
    break;
  }

  const segments: Segment[] = [];
  let cutBytes = 0;
  for (const [i, first] of firsts.entries()) {
    const path = segmentPath(dir, first, 'log');
    const next = firsts[i + 1];
    const { size } = await stat(path);
    if (next !== undefined && first < snapshotFirst) {
      segments.push({ first, path, bytes: size, records: next - first });
      continue;
    }
    const read = await scanSegment(path, next === undefined, repair, streams);
    cutBytes += size - read.bytes;
    segments.push({ first, path, ...read });
  }
  return { segments, streams, snapshotFirst, cutBytes };
}

async function scanSegment(
  path: string,
  isLast: boolean,
  repair: boolean,
  streams: StreamMemory,
): Promise<{ bytes: number; records: number }> {
  const bytes = await readFile(path);
  let at = 0;
  let records = 0;
  while (at < bytes.length) {
    const frame = readFrame(bytes, at);
    if (frame.kind === 'record') {
      streams.add(frame.record.stream, frame.record.epoch, frame.record.seq);
      at = frame.end;
      records += 1;
      continue;
    }
    const torn = isLast && !anyFrameFrom(bytes, at + 1);
    if (!torn && !repair) {
      throw new CorruptLogError(path, at, frame.kind === 'bad' ? frame.problem : 'a record is cut short');
    }
    await truncate(path, at);
    break;
  }
  return { bytes: at, records };
}

/** Written in the background after a new segment began; only a file with its end line counts. */
export async function writeSnapshot(dir: string, first: number, entries: [string, Epochs][]): Promise<void> {
  const path = segmentPath(dir, first, 'streams');
  const handle = await open(`${path}.tmp`, 'w', 0o600);
  try {
    const PER_WRITE = 2_000;
    for (let at = 0; at < entries.length; at += PER_WRITE) {
      await handle.write(
        entries
          .slice(at, at + PER_WRITE)
          .map((entry) => `${JSON.stringify(entry)}\n`)
          .join(''),
      );
    }
    await handle.write(`${SNAPSHOT_END} ${entries.length}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.tmp`, path);
  await syncFolder(dir);
}

async function readSnapshot(path: string): Promise<[string, Epochs][] | null> {
  const entries: [string, Epochs][] = [];
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (line === `${SNAPSHOT_END} ${entries.length}`) return entries;
    try {
      entries.push(JSON.parse(line) as [string, Epochs]);
    } catch {
      return null;
    }
  }
  return null;
}

/** Snapshots are needed from the newest one back to the first segment kept; older ones go with their segments. */
export async function removeSegment(dir: string, segment: Segment): Promise<void> {
  await unlink(segment.path);
  await unlink(segmentPath(dir, segment.first, 'streams')).catch(() => {});
}
