/**
 * Reads a folder of event log files, and compares each event with what another reader made of it.
 *
 *     MERLON_EVTX_SAMPLES=folder node scripts/run-ts.mjs packages/telemetry/src/proof/evtx-samples.ts
 *
 * Beside `a.evtx` lies `a.evtx.jsonl`: one event a line, as `evtx_dump -o jsonl` writes them. Ends with 1 when an event differs.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCarried } from '../envelope/carriers.ts';
import type { WindowsEvent } from '../envelope/windows-event.ts';
import { readEvtx } from '../index.ts';
import { isRecord } from '../json.ts';

const folder = process.env.MERLON_EVTX_SAMPLES;
if (!folder) {
  console.error('MERLON_EVTX_SAMPLES names no folder');
  process.exit(2);
}
let different = 0;
for (const name of readdirSync(folder)
  .filter((one) => one.endsWith('.evtx'))
  .sort()) {
  const path = join(folder, name);
  const file = readEvtx(readFileSync(path));
  const events = [...(file?.events() ?? [])];
  const problems = events.filter((event) => typeof event === 'string');
  const own = new Map(
    events.flatMap((event) => (typeof event === 'string' ? [] : [[event.recordId, event] as const])),
  );
  const theirs = existsSync(`${path}.jsonl`)
    ? readFileSync(`${path}.jsonl`, 'utf8').split('\n').filter(Boolean)
    : [];
  let same = 0;
  const found: string[] = [];
  for (const line of theirs) {
    const event = readCarried(JSON.parse(line));
    const mine = event && own.get(event.recordId);
    const difference = !event ? 'theirs can not be read' : !mine ? 'not found' : differenceOf(mine, event);
    if (difference === null) same += 1;
    else found.push(`record ${event?.recordId}: ${difference}`);
  }
  different += found.length;
  console.log(
    `${name}: ${own.size} events, ${problems.length} problems (${[...new Set(problems)].join('; ')}); of ${theirs.length} of the other reader ${same} the same`,
  );
  for (const one of found.slice(0, 3)) console.log(`    ${one.slice(0, 300)}`);
}
process.exit(different === 0 ? 0 : 1);

function differenceOf(mine: WindowsEvent, theirs: WindowsEvent): string | null {
  for (const name of ['provider', 'channel', 'eventId', 'computer'] as const)
    if (String(mine[name]).trim() !== String(theirs[name]).trim())
      return `${name}: ${mine[name]} / ${theirs[name]}`;
  if (mine.time?.slice(0, 23) !== theirs.time?.slice(0, 23)) return `time: ${mine.time} / ${theirs.time}`;
  for (const name in theirs.data) {
    const said = theirs.data[name];
    // Elements within elements, and lists, are told in another form.
    if (name.startsWith('#') || isRecord(said) || Array.isArray(said) || said === null || said === undefined)
      continue;
    if (plain(mine.data[name]) !== plain(said))
      return `${name}: ${JSON.stringify(mine.data[name])} / ${JSON.stringify(said)}`;
  }
  return null;
}

/** Numbers, letter case of hex and GUIDs, and blanks at the ends are matters of taste. */
function plain(value: unknown): string {
  return String(value ?? '')
    .trim()
    .toLowerCase()
    .replaceAll(/[{}\r]/g, '')
    .replace(/^0x0*(?=.)/, '0x');
}
