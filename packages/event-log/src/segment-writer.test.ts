import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogBrokenError } from './errors.ts';
import type { LogState } from './log-state.ts';
import { SegmentWriter } from './segment-writer.ts';

let dir: string;
let handle: FileHandle;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'merlon-segment-'));
  handle = await open(join(dir, 'segment'), 'w+');
});
afterEach(async () => {
  await handle.close();
  rmSync(dir, { recursive: true, force: true });
});

it('says once that the disk failed under it, and takes nothing more', async () => {
  const told: LogBrokenError[] = [];
  const state = { dir, log: null } as unknown as LogState;
  const segment = { first: 1, path: join(dir, 'segment'), bytes: 0 };
  const writer = new SegmentWriter(
    state,
    { handle, segment },
    1_000,
    () => {},
    (error) => told.push(error),
  );
  handle.datasync = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
  await expect(writer.write(1, [Buffer.from('a')], 1)).rejects.toThrow(LogBrokenError);
  await expect(writer.write(1, [Buffer.from('b')], 1)).rejects.toThrow(LogBrokenError);
  expect(told).toEqual([writer.broken]);
});
