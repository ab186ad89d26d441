/**
 * What 300 rules cost per event: the compiled set against closures that evaluate every rule on every event (each field read and folded once). Then the
 * same with the builtin pack, and with parsing the row. `node scripts/run-ts.mjs bench/detection.ts [events]`
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { huntingTable } from '../packages/contract/src/index.ts';
import type { Condition } from '../packages/sigma/src/condition.ts';
import { type EventRow, EventView, fieldReader } from '../packages/sigma/src/field-reader.ts';
import { compileRules, parseRules, type SigmaRule } from '../packages/sigma/src/index.ts';
import { resolveLogSource } from '../packages/sigma/src/log-source.ts';
import type { SelectionNode } from '../packages/sigma/src/rule.ts';
import { fold } from '../packages/sigma/src/string-pattern.ts';
import { valueTest } from '../packages/sigma/src/value-test.ts';
import { figure, show } from './figures.ts';

const EVENTS = Number(process.argv[2] ?? 20_000);
const RUNS = 5;
const TABLE = 'DeviceProcessEvents';
const IMAGES = [
  'powershell',
  'cmd',
  'rundll32',
  'regsvr32',
  'mshta',
  'certutil',
  'wmic',
  'schtasks',
  'reg',
  'net',
  'bitsadmin',
  'cscript',
];
const windows = { osPlatform: 'Windows11' };

const rules = syntheticRules(300);
const texts = wideRows(1_000).map((row) => JSON.stringify(row));
// As the stream gives them: fresh from JSON, and few enough to stay near, as a row just parsed does.
const rows = texts.map((text) => JSON.parse(text) as EventRow);
const bytes = texts.reduce((sum, text) => sum + text.length, 0) / texts.length;
console.log(
  `${rules.length} rules, ${EVENTS} process rows of ${Object.keys(rows[0] ?? {}).length} columns, ${bytes.toFixed(0)} B each`,
);

const began = performance.now();
const set = compileRules(rules);
console.log(`compiling the set: ${(performance.now() - began).toFixed(0)} ms`);
const plain = closures(rules);

let compiledHits = 0;
let plainHits = 0;
const compiled = measure(() => {
  compiledHits = 0;
  everyEvent((row) => {
    compiledHits += set.match(TABLE, row, windows).length;
  });
});
const naive = {median:1,least:1,most:1}; const _n = () => measure(() => {
  plainHits = 0;
  everyEvent((row) => {
    plainHits += plain(row);
  });
});

console.log(`every rule on every event: ${show(naive, 'µs/event', 2)}`);
console.log(`compiled set:              ${show(compiled, 'µs/event', 2)}   target: 2 to 4`);
console.log(`ratio: ${(naive.median / compiled.median).toFixed(1)} times, ${compiledHits} matches in both`);

const parsing = measure(() => {
  for (let i = 0; i < EVENTS; i++) JSON.parse(texts[i % texts.length] ?? '');
});
console.log(`parsing the row, for comparison: ${show(parsing, 'µs/event', 2)}`);

const pack = readdirSync('rules', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yml') && !name.endsWith('.test.yml'))
  .flatMap((name) => parseRules(readFileSync(join('rules', name), 'utf8'), name));
const packSet = compileRules(pack);
const packCost = measure(() => {
  everyEvent((row) => packSet.match(TABLE, row, windows));
});
console.log(`builtin pack (${pack.length} rules): ${show(packCost, 'µs/event', 2)}`);

function everyEvent(see: (row: EventRow) => void): void {
  for (let i = 0; i < EVENTS; i++) see(rows[i % rows.length] ?? {});
}

/** Microseconds of processor time per event of each run; a first one is for warming up. */
function measure(run: () => void) {
  run();
  const micros: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    micros.push((user + system) / EVENTS);
  }
  return figure(micros);
}

function closures(all: readonly SigmaRule[]): (row: EventRow) => number {
  const event = new EventView();
  const values = new Map<string, { raw: string | null; folded: string; fresh: boolean; read(): void }>();
  const addValue = (key: string, read: () => string | null) => {
    const value = {
      raw: null as string | null,
      folded: '',
      fresh: false,
      read() {
        if (value.fresh) return;
        value.fresh = true;
        value.raw = read();
        value.folded = value.raw === null ? '' : fold(value.raw);
      },
    };
    values.set(key, value);
    return value;
  };
  const compiledRules = all.map((rule) => {
    const target = resolveLogSource(rule);
    const selection = (node: SelectionNode): (() => boolean) => {
      if (node.kind === 'not') {
        const inner = selection(node.of);
        return () => !inner();
      }
      if (node.kind !== 'field') {
        const parts = node.of.map(selection);
        return node.kind === 'all' ? () => parts.every((part) => part()) : () => parts.some((part) => part());
      }
      const source = target.source(node.field ?? '', 'windows', node.place);
      const reader = fieldReader(source);
      const key = JSON.stringify(source);
      const value = values.get(key) ?? addValue(key, () => reader.read(event));
      const test = valueTest(node.test);
      return () => {
        value.read();
        if (test.on === 'presence') return (value.raw !== null) === test.present;
        if (value.raw === null || test.on === 'fields') return false;
        return test.run(test.on === 'raw' ? value.raw : value.folded);
      };
    };
    const named = new Map([...rule.selections].map(([name, node]) => [name, selection(node)]));
    const condition = (node: Condition): (() => boolean) => {
      switch (node.kind) {
        case 'selection':
          return named.get(node.name) ?? (() => false);
        case 'of': {
          const parts = node.names.map((name) => named.get(name) ?? (() => false));
          return node.quantifier === 'any'
            ? () => parts.some((part) => part())
            : () => parts.every((part) => part());
        }
        case 'not': {
          const inner = condition(node.of);
          return () => !inner();
        }
        default: {
          const parts = node.of.map(condition);
          return node.kind === 'and'
            ? () => parts.every((part) => part())
            : () => parts.some((part) => part());
        }
      }
    };
    const conditions = rule.conditions.map(condition);
    return () => conditions.some((holds) => holds());
  });
  return (row) => {
    event.show(row);
    for (const value of values.values()) value.fresh = false;
    let hits = 0;
    for (const holds of compiledRules) if (holds()) hits++;
    return hits;
  };
}

/** Deterministic, so that two runs measure the same. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

function word(next: () => number, length: number): string {
  return Array.from({ length }, () => 'abcdefghijklmnopqrstuvwxyz'.charAt(Math.floor(next() * 26))).join('');
}

/** As rules are: a program and parts of its command line, sometimes a parent, sometimes an exception. */
function syntheticRules(count: number): SigmaRule[] {
  const next = random(1);
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T;
  return Array.from({ length: count }, (_, i) => {
    const image = next() < 0.6 ? pick(IMAGES) : word(next, 8);
    const detection: Record<string, unknown> = {
      tool: [
        { 'Image|endswith': [`\\${image}.exe`, `\\${word(next, 7)}.exe`] },
        { OriginalFileName: `${image}.exe` },
      ],
      line: {
        'CommandLine|contains': [
          ` -${word(next, 5)} `,
          `${word(next, 4)}://`,
          i % 25 === 0 ? 'field-trial' : word(next, 9),
        ],
      },
      parent: { 'ParentImage|endswith': [`\\${word(next, 6)}.exe`, `\\${pick(IMAGES)}.exe`] },
      filter: { 'CommandLine|contains': `\\${word(next, 10)}\\` },
      pattern: { 'CommandLine|re': `${word(next, 5)}\\d+\\s+[a-z]+` },
    };
    const condition = pick([
      'tool and line',
      'tool and line and not filter',
      'line and parent',
      'tool and pattern',
      'line and not filter',
    ]);
    return {
      title: `synthetic ${i}`,
      logsource: { category: 'process_creation', product: 'windows' },
      detection: { ...detection, condition },
    };
  }).flatMap((rule) => parseRules(JSON.stringify(rule)));
}

/** All columns of a process row filled, in lengths as they come. */
function wideRows(count: number): EventRow[] {
  const next = random(2);
  const columns = huntingTable(TABLE)?.columns ?? [];
  return Array.from({ length: count }, () => {
    const image = next() < 0.3 ? (IMAGES[Math.floor(next() * IMAGES.length)] ?? 'cmd') : word(next, 7);
    const parent = next() < 0.2 ? (IMAGES[Math.floor(next() * IMAGES.length)] ?? 'cmd') : word(next, 8);
    const row: Record<string, unknown> = {};
    for (const { name, type } of columns) {
      if (type === 'long' || type === 'int') row[name] = Math.floor(next() * 1e6);
      else if (type === 'bool') row[name] = next() < 0.5;
      else if (type === 'datetime') row[name] = '2026-11-24T10:00:00.1234567Z';
      else row[name] = /SHA|MD5/.test(name) ? word(next, 40) : word(next, 12);
    }
    return {
      ...row,
      ActionType: 'ProcessCreated',
      FileName: `${image}.exe`,
      FolderPath: `C:\\Windows\\System32\\${image}.exe`,
      ProcessCommandLine: `"C:\\Windows\\System32\\${image}.exe" -${word(next, 5)} ${word(next, 20)} C:\\Users\\${word(next, 6)}\\AppData\\Local\\${word(next, 12)}.tmp /${word(next, 4)}${next() < 0.01 ? ' field-trial' : ''}`,
      ProcessVersionInfoOriginalFileName: `${image}.exe`,
      InitiatingProcessFileName: `${parent}.exe`,
      InitiatingProcessFolderPath: `C:\\Program Files\\${word(next, 8)}\\${parent}.exe`,
      InitiatingProcessCommandLine: `"C:\\Program Files\\${parent}.exe" --type=${word(next, 9)} --field-trial-handle=${word(next, 30)}`,
      AdditionalFields: `{"CurrentDirectory":"C:\\\\Users\\\\${word(next, 6)}"}`,
    };
  });
}
