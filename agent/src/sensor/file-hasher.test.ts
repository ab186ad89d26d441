import { createHash } from 'node:crypto';
import {
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileIdentity } from './bpf-records.ts';
import { FileHasher, type HashedFile } from './file-hasher.ts';

const NOBODY = 4_194_303; // the largest pid there can be

function identityOf(path: string): FileIdentity {
  const s = statSync(path, { bigint: true });
  return {
    device: Number(((s.dev >> 8n) & 0xfffn) << 20n) + Number(s.dev & 0xffn),
    inode: Number(s.ino),
    size: Number(s.size),
    mtimeSec: Number(s.mtimeNs / 1_000_000_000n),
    mtimeNsec: Number(s.mtimeNs % 1_000_000_000n),
    ctimeSec: Number(s.ctimeNs / 1_000_000_000n),
    ctimeNsec: Number(s.ctimeNs % 1_000_000_000n),
  };
}

const settled = (file: HashedFile): Promise<HashedFile> =>
  new Promise((done) => {
    if (file.waiting === null) done(file);
    else file.waiting.push(() => done(file));
  });

describe('file hasher', () => {
  let folder = '';
  let hasher: FileHasher;
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const make = (
    options: { limitBytes?: number; maxQueued?: number; drainOpened?: () => void } = {},
  ): FileHasher => new FileHasher({ limitBytes: 1e6, onWorkerError: () => {}, ...options });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'merlon-hasher-'));
    hasher = make();
  });
  afterEach(async () => {
    await hasher.close(1000);
    rmSync(folder, { recursive: true });
  });

  it('hashes a file once for each content', async () => {
    const content = 'x'.repeat(700_000);
    const path = file('a', content);
    const first = hasher.executed(identityOf(path), NOBODY, path);
    expect((await settled(first)).hashes).toEqual({
      sha1: createHash('sha1').update(content).digest('hex'),
      sha256: createHash('sha256').update(content).digest('hex'),
      md5: createHash('md5').update(content).digest('hex'),
    });
    expect(hasher.executed(identityOf(path), NOBODY, path)).toBe(first);
    expect(hasher.counts.hashed).toBe(1);
  });

  it('hashes a file that is deleted right after it was opened', async () => {
    const path = file('b', 'gone soon');
    const identity = identityOf(path);
    const hashed = hasher.executed(identity, NOBODY, path);
    unlinkSync(path);
    expect((await settled(hashed)).hashes?.md5).toBe(createHash('md5').update('gone soon').digest('hex'));
  });

  it('knows a deleted file by what was opened at its execution', async () => {
    const path = file('c', 'dropped');
    const identity = identityOf(path);
    const fd = openSync(path, 'r');
    unlinkSync(path);
    let waiting = true;
    hasher = make({
      drainOpened: () => {
        if (waiting) hasher.opened(fd);
        waiting = false;
      },
    });
    const hashed = await settled(hasher.executed(identity, NOBODY, path));
    expect(hashed.hashes?.md5).toBe(createHash('md5').update('dropped').digest('hex'));
  });

  it('says why there is no hash', async () => {
    const gone = file('d', 'd');
    const identity = identityOf(gone);
    unlinkSync(gone);
    expect((await settled(hasher.executed(identity, NOBODY, gone))).missing).toBe('vanished');
    const replaced = file('e', 'before');
    const before = identityOf(replaced);
    unlinkSync(replaced);
    file('e', 'another');
    expect((await settled(hasher.executed(before, NOBODY, replaced))).missing).toBe('replaced');
    // Same size, same times as the one that ran: still another file.
    const disguised = file('h', 'honest');
    const honest = identityOf(disguised);
    renameSync(disguised, `${disguised}.old`);
    file('h', 'wicked');
    utimesSync(disguised, honest.mtimeSec, honest.mtimeSec);
    utimesSync(`${disguised}.old`, honest.mtimeSec, honest.mtimeSec);
    const asRun = { ...honest, mtimeNsec: 0 };
    expect((await settled(hasher.executed(asRun, NOBODY, disguised))).missing).toBe('replaced');
    const large = file('f', 'y'.repeat(2000));
    hasher = make({ limitBytes: 1000 });
    expect((await settled(hasher.executed(identityOf(large), NOBODY, large))).missing).toBe('tooLarge');
    hasher = make({ maxQueued: 0 });
    expect((await settled(hasher.executed(identityOf(large), NOBODY, large))).missing).toBe('busy');
  });

  it('does not open a FIFO put in the place of a file for ever', async () => {
    const path = file('g', 'g');
    const identity = identityOf(path);
    unlinkSync(path);
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [path]);
    expect((await settled(hasher.executed(identity, NOBODY, path))).missing).toBe('replaced');
  });
});
