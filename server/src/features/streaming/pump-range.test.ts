import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destinationKinds } from '@merlon/destinations';
import { openEventLog } from '@merlon/event-log';
import { describe, expect, it } from 'vitest';
import { rangeLimits } from './setting-pump.ts';

describe('the range a pump takes', () => {
  it.each(destinationKinds.map(({ name, wants }) => [name, wants ?? null] as const))(
    'for %s is one that the log can read from disk',
    async (_name, wants) => {
      const dir = mkdtempSync(join(tmpdir(), 'merlon-range-'));
      try {
        const first = await openEventLog({ dir });
        first.reader('a');
        await first.append({ stream: 's', epoch: 'e', seq: 1, payload: Buffer.alloc(2_000_000, 1) });
        await first.close();
        // What was written by the process before is not in memory.
        const log = await openEventLog({ dir });
        const range = await log.reader('a').next(rangeLimits({ wants }));
        expect(range?.records).toHaveLength(1);
        await log.close();
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  );
});
