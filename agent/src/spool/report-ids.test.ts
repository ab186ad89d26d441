import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { ReportIds } from './report-ids.ts';

const folder = temporaryFolders();

it('grows strictly, within a run and over any number of them, blocks larger than a reservation included', async () => {
  const file = join(await folder(), 'ids.json');
  let last = 0;
  for (let run = 0; run < 3; run += 1) {
    const ids = await ReportIds.open(file);
    for (const count of [1, 10_000, 250_000, 1]) {
      const first = await ids.take(count);
      expect(first).toBeGreaterThan(last);
      last = first + count - 1;
    }
  }
});
