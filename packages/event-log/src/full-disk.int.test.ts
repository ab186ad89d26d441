import { execFileSync } from 'node:child_process';
import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventLog } from './index.ts';
import { ALL, freshFolder } from './test-log.ts';

const MIB = 1024 * 1024;

// A disk that is really full takes a file system of our own, which takes root.
describe.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'an event log on a full disk',
  () => {
    const folder = freshFolder();
    const ballast = join(folder.dir, 'ballast');

    beforeAll(() => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'merlon-test', folder.dir]);
      writeFileSync(ballast, Buffer.alloc(2 * MIB));
    });
    afterAll(() => {
      execFileSync('umount', [folder.dir]);
      folder.remove();
    });

    it('refuses what does not fit, keeps what it has, and goes on when there is room', async () => {
      const dir = join(folder.dir, 'log');
      const log = await openEventLog({ dir, segmentBytes: 600_000 });
      const taken: number[] = [];
      const append = (seq: number) =>
        log.append({ stream: 'a', epoch: 'e', seq, payload: Buffer.alloc(50_000, `${seq};`) }).then(
          () => {
            taken.push(seq);
            return null;
          },
          (error: unknown) => error,
        );
      let seq = 0;
      let refused: unknown = null;
      while (refused === null) refused = await append(++seq);
      expect(refused).toMatchObject({ name: 'LogFullError', reason: 'disk' });
      expect(taken.length).toBeGreaterThan(20);
      expect(await append(seq)).toMatchObject({ reason: 'disk' });

      unlinkSync(ballast);
      expect(await append(seq)).toBeNull();
      await log.close();

      const again = await openEventLog({ dir });
      expect(again.stats().tornBytes).toBe(0);
      const range = await again.reader('r').next(ALL);
      expect(range?.records.map(({ payload }) => Number(payload.toString('latin1').split(';')[0]))).toEqual(
        taken,
      );
      await range?.commit();
      await again.close();
    });
  },
);
