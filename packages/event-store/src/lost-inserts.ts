/**
 * ClickHouse writes down that it knows an insert before it gives the insert's part its place. Killed between the two, it would take the repeat of the
 * insert for known and leave it out: rows that nobody has. So before an engine starts, what is known without being there is forgotten.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** As in ClickHouse's MergeTreeDeduplicationLog: one line each, `operation TAB part TAB block`. */
const ADD = '1';
const DROP = '2';
const LOG = /^deduplication_log_(\d+)\.txt$/;
/** `20261121_7_9_1`: a partition, and the first and the last of the inserts that it holds. */
const PART = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;

/** @returns how many inserts were forgotten; their repeats are taken */
export function forgetLostInserts(engineFolder: string): number {
  let forgotten = 0;
  for (const table of tableFolders(engineFolder)) {
    const logs = join(table, 'deduplication_logs');
    if (!existsSync(logs)) continue;
    const files = readdirSync(logs)
      .flatMap((name) => {
        const number = LOG.exec(name)?.[1];
        return number === undefined ? [] : [{ path: join(logs, name), number: Number(number) }];
      })
      .sort((a, b) => a.number - b.number);
    const newest = files.at(-1);
    if (newest === undefined) continue;
    const lines = files.map(({ path }) => readFileSync(path, 'utf8')).join('');
    const lost = lostInserts(lines, readdirSync(table));
    if (lost.length === 0) continue;
    appendFileSync(newest.path, lost.map(({ part, block }) => `${DROP}\t${part}\t${block}\n`).join(''));
    forgotten += lost.length;
  }
  return forgotten;
}

/** Pure. `folders` of the table, those of parts among them. */
export function lostInserts(
  log: string,
  folders: readonly string[],
): readonly { readonly part: string; readonly block: string }[] {
  const held = new Map<string, [first: number, last: number][]>();
  for (const folder of folders) {
    const [, partition, first, last] = PART.exec(folder) ?? [];
    // No part, or one that is only being written or thrown away.
    if (partition === undefined) continue;
    held.set(partition, [...(held.get(partition) ?? []), [Number(first), Number(last)]]);
  }
  const known = new Map<string, string>();
  for (const line of log.split('\n')) {
    const [operation, part, block] = line.split('\t');
    // The last line may have been cut off by a crash.
    if (part === undefined || block === undefined) continue;
    if (operation === ADD) known.set(block, part);
    else if (operation === DROP) known.delete(block);
  }
  return [...known].flatMap(([block, part]) => {
    const [, partition = '', insert] = PART.exec(part) ?? [];
    const isHeld = held
      .get(partition)
      ?.some(([first, last]) => first <= Number(insert) && Number(insert) <= last);
    return isHeld ? [] : [{ part, block }];
  });
}

/** `store/f8d/f8d03ab5-…`. */
function tableFolders(engineFolder: string): string[] {
  const store = join(engineFolder, 'store');
  if (!existsSync(store)) return [];
  return readdirSync(store).flatMap((prefix) =>
    readdirSync(join(store, prefix)).map((id) => join(store, prefix, id)),
  );
}
