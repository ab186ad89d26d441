/**
 * Maps folders of recorded telemetry, one JSON object a line, and says what became of each event.
 *
 *     MERLON_SECURITY_DATASETS=folder node scripts/run-ts.mjs packages/telemetry/src/proof/recordings.ts
 *
 * The folder is the unpacked `datasets` folder of OTRF/Security-Datasets, or any other with `*.json` and `*.log` files in it. Ends with 1 unless 99 of 100
 * events of Sysmon and of the security log whose ids are mapped became rows that the ingest validator takes.
 */
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { huntingTable, isoToMs, validateRow } from '@merlon/contract';
import { type MappedRow, TelemetryMapper } from '../index.ts';

const WANTED = 0.99;
const COUNTED = new Set(['sysmon', 'windows-security']);

const folder = process.env.MERLON_SECURITY_DATASETS;
if (!folder) {
  console.error('MERLON_SECURITY_DATASETS names no folder');
  process.exit(2);
}

const fates = new Map<string, number>();
const tables = new Map<string, number>();
const invalid = new Map<string, number>();
const mapped = { events: 0, rows: 0 };
let records = 0;
let rowCount = 0;
let mapSeconds = 0;
const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);

for (const path of filesBelow(folder)) {
  const mapper = new TelemetryMapper({ now: () => 0 });
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    if (line.trim() === '') continue;
    records += 1;
    const rows: MappedRow[] = [];
    const began = performance.now();
    const { source, eventId, fate, reason } = line.startsWith('{')
      ? mapper.mapJson(parsed(line), rows)
      : mapper.mapText(line, rows, { host: 'recorded' });
    mapSeconds += (performance.now() - began) / 1000;
    let good = true;
    for (const { table: name, row } of rows) {
      const table = huntingTable(name);
      const now = new Date(isoToMs(String(row.Timestamp)));
      const problem = table ? validateRow(table, { ...row, ReportId: 1 }, now) : `no table ${name}`;
      if (problem !== null) {
        good = false;
        add(invalid, `${source} ${eventId}: ${problem}`);
        continue;
      }
      rowCount += 1;
      add(tables, `${name} ${row.ActionType}`);
    }
    add(fates, `${source}\t${eventId}\t${fate}\t${reason}`);
    // An event that is understood and told by another's row, or of which there is nothing to keep, is not of a mapped id.
    if (!COUNTED.has(source) || fate === 'left') continue;
    mapped.events += 1;
    if (fate === 'row' && good) mapped.rows += 1;
  }
}

print('source, event id, fate, reason', fates);
print('table, ActionType', tables);
print('rows the validator refused', invalid);
const share = mapped.rows / mapped.events;
console.log(
  `${records} records, ${rowCount} rows, ${(records / mapSeconds).toFixed(0)} records/s on one thread`,
);
console.log(
  `Sysmon and security events of mapped ids: ${mapped.events}, rows: ${mapped.rows} (${(share * 100).toFixed(3)} %)`,
);
process.exit(share >= WANTED ? 0 : 1);

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function* filesBelow(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const full = join(path, entry.name);
    if (entry.isDirectory()) yield* filesBelow(full);
    else if (/\.(json|log)$/.test(entry.name) && !/zeek/.test(full)) yield full;
  }
}

function print(title: string, counts: ReadonlyMap<string, number>): void {
  console.log(`\n${title}`);
  for (const [key, count] of [...counts].sort((a, b) => b[1] - a[1]))
    console.log(`${String(count).padStart(8)}  ${key}`);
  console.log('');
}
