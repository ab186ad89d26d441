/** Where records are set aside that a destination refuses for good: a file a setting, on disk before the log lets go of them. */
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RefusedRecord } from './delivery-job.ts';

const MOST_BYTES = 256 * 1024 * 1024;

export class RefusedFileFull extends Error {}

export interface RefusedRecords {
  /** @throws RefusedFileFull */
  keep(settingId: string, records: readonly RefusedRecord[]): Promise<void>;
  forget(settingId: string): Promise<void>;
}

export function refusedRecords(home: string): RefusedRecords {
  const folder = join(home, 'exports');
  const fileOf = (settingId: string) => join(folder, `${settingId}.refused.ndjson`);
  return {
    async keep(settingId, records) {
      if (records.length === 0) return;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = fileOf(settingId);
      const size = await stat(path).then(
        (facts) => facts.size,
        () => 0,
      );
      const lines = records.map(
        ({ reason, record }) => `{"reason":${JSON.stringify(reason)},"record":${record.json}}\n`,
      );
      const text = Buffer.from(lines.join(''));
      if (size + text.length > MOST_BYTES)
        throw new RefusedFileFull(
          `The destination refuses records, and the file for them, ${path}, is full. Look at it and remove it.`,
        );
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
    },
    forget: (settingId) => rm(fileOf(settingId), { force: true }),
  };
}
