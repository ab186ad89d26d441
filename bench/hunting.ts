/**
 * Hunts in KQL against SQL written by hand for the same answer, over generated events in the embedded engine:
 * `node scripts/run-ts.mjs bench/hunting.ts [events] [rounds]`, after `npm run build`.
 *
 * Both go through the same client, in turns, and must give the same rows. Then: how long translation takes (over MERLON_HUNTING_CORPORA when it
 * names folders of queries), how late the event loop is while ten hunts run, and whether `has` reads the index of words.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type EventStore, openEventStore } from '@merlon/event-store';
import {
  KqlError,
  openTranslator,
  prepare,
  type TranslateOptions,
  type Translation,
  type Translator,
} from '@merlon/kql';
import { ownConnection, silentLog } from '../packages/event-store/src/testing.ts';
import { corpusTexts } from '../packages/kql/src/proof/corpora/texts.ts';
import { percentile } from './figures.ts';
import { command, days, generate, tenant } from './hunting/dataset.ts';
import { type Hunt, hunts } from './hunting/queries.ts';

const EVENTS = Number(process.argv[2] ?? 10_000_000);
const ROUNDS = Number(process.argv[3] ?? 7);
const ONLY = process.argv[4];

const now = new Date();
const options: TranslateOptions = {
  now,
  scope: { tenantId: tenant, deviceGroups: 'all' },
  maxRows: 10_000,
  lookbackDays: days,
};
const dir = mkdtempSync(join(tmpdir(), 'merlon-bench-'));
const store = await openEventStore({
  dir,
  log: silentLog,
  now: () => now,
  engine: { memoryBytes: 5 * 1024 ** 3 },
});
const translator = await openTranslator({
  workers: 2,
  workerUrl: new URL('./kql-worker.js', import.meta.url),
});
try {
  console.log(`generating ${EVENTS} events`);
  await generate(ownConnection(dir), now, EVENTS);
  await againstHand(store, translator);
  await translationTimes(translator);
  await loopDelay(store, translator);
  await readsIndex(translator);
} finally {
  await translator.close();
  await store.close();
  rmSync(dir, { recursive: true, force: true });
}

async function againstHand(store: EventStore, translator: Translator): Promise<void> {
  const ratios: { name: string; ratio: number }[] = [];
  for (const hunt of hunts.filter(({ name }) => ONLY === undefined || name.includes(ONLY))) {
    const ours = await translated(translator, hunt.kql).catch((error: Error) => error);
    if (ours instanceof Error) {
      console.log(`${hunt.name.padEnd(32)} REFUSED: ${ours.message}`);
      continue;
    }
    const hand = { sql: byHand(hunt), parameters: {} };
    const times = { ours: [] as number[], hand: [] as number[] };
    const answers = { ours: '', hand: '' };
    // The first round only warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const side of round % 2 === 0 ? (['ours', 'hand'] as const) : (['hand', 'ours'] as const)) {
        const began = performance.now();
        const rows = await run(store, side === 'ours' ? ours : hand);
        if (round > 0) times[side].push(performance.now() - began);
        answers[side] = canonical(rows);
      }
    }
    const same = answers.ours === answers.hand;
    const [mine, theirs] = [median(times.ours), median(times.hand)];
    ratios.push({ name: hunt.name, ratio: mine / theirs });
    console.log(
      `${hunt.name.padEnd(32)} ours ${mine.toFixed(1).padStart(8)} ms  by hand ${theirs.toFixed(1).padStart(8)} ms  ratio ${(mine / theirs).toFixed(2)}${same ? '' : `  ANSWERS DIFFER: ${answers.ours.slice(0, 200)} | ${answers.hand.slice(0, 200)}`}`,
    );
  }
  const sorted = ratios.map(({ ratio }) => ratio).sort((a, b) => a - b);
  const worst = ratios.reduce((most, other) => (other.ratio > most.ratio ? other : most));
  console.log(
    `ratio over ${ratios.length} hunts: median ${percentile(sorted, 50).toFixed(2)}, worst ${worst.ratio.toFixed(2)} (${worst.name})`,
  );
}

async function translated(translator: Translator, text: string): Promise<Translation> {
  return prepare((query, asked) => translator.translate(query, asked), text, options, {
    rows: async () => Promise.reject(new Error('no hunt of the bench asks for rows')),
    external: async () => Promise.reject(new Error('no hunt of the bench reads from outside')),
  });
}

function byHand({ sql }: Hunt): string {
  const time = (at: Date) =>
    `toDateTime64('${at.toISOString().replace('T', ' ').replace('Z', '')}', 7, 'UTC')`;
  return sql
    .replaceAll(
      /\{(Device\w+)\}/g,
      (_, table: string) =>
        `merlon.${table} WHERE TenantId = '${tenant}' AND Timestamp >= ${time(new Date(now.getTime() - days * 86_400_000))}`,
    )
    .replaceAll('{now}', time(now))
    .replaceAll('{day}', time(new Date(now.getTime() - 86_400_000)));
}

async function run(
  store: EventStore,
  { sql, parameters }: Pick<Translation, 'sql' | 'parameters'>,
): Promise<unknown[][]> {
  const { rows } = await store.query({
    sql,
    parameters,
    queryId: randomUUID(),
    maxSeconds: 120,
    maxRows: 1_000_000,
    maxBytes: 1024 ** 3,
    maxMemoryBytes: 4 * 1024 ** 3,
  });
  return rows;
}

/** Rows as a text that says nothing of their order. Both sides sort where the hunt does, and the ties are broken. */
function canonical(rows: readonly unknown[][]): string {
  return rows
    .map((row) => JSON.stringify(row.map(String)))
    .sort()
    .join('\n');
}

function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    50,
  );
}

async function translationTimes(translator: Translator): Promise<void> {
  const folders = (process.env.MERLON_HUNTING_CORPORA ?? '').split(':').filter((folder) => folder !== '');
  const texts =
    folders.length === 0 ? hunts.map(({ kql }) => kql) : corpusTexts(folders).map(({ query }) => query);
  const times: number[] = [];
  for (const text of texts) {
    const began = performance.now();
    try {
      await translator.translate(text, options);
    } catch (error) {
      if (!(error instanceof KqlError)) throw error;
      if (error.kind !== 'unsupported') continue;
    }
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  console.log(
    `translation of ${times.length} queries: p50 ${percentile(times, 50).toFixed(1)} ms, p99 ${percentile(times, 99).toFixed(1)} ms`,
  );
}

/** Ten hunts at once, translated and run, and how late a timer of this thread comes meanwhile. */
async function loopDelay(store: EventStore, translator: Translator): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const left = hunts.flatMap(({ kql }) => [kql, kql]);
  const hunter = async () => {
    for (let kql = left.pop(); kql !== undefined; kql = left.pop()) {
      const translation = await translated(translator, kql).catch(() => undefined);
      if (translation !== undefined) await run(store, translation);
    }
  };
  await Promise.all(Array.from({ length: 10 }, hunter));
  delay.disable();
  console.log(
    `event loop while ten hunts run: late by p50 ${(delay.percentile(50) / 1e6).toFixed(1)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, at most ${(delay.max / 1e6).toFixed(1)} ms`,
  );
}

async function readsIndex(translator: Translator): Promise<void> {
  const [term] = hunts;
  if (term === undefined) return;
  const { sql } = await translated(translator, term.kql);
  const literal = sql.replaceAll(/\{(\w+):\w+\}/g, (_, name: string) =>
    name === 'tenant' ? `'${tenant}'` : "'mimikatz'",
  );
  const plan = await command(ownConnection(dir), `EXPLAIN indexes = 1 ${literal}`);
  const at = plan.indexOf('words_ProcessCommandLine');
  console.log(
    `has reads the index of words: ${
      at === -1
        ? 'NO'
        : plan
            .slice(at)
            .split('\n')
            .slice(0, 5)
            .map((line) => line.trim())
            .join(', ')
    }`,
  );
}
