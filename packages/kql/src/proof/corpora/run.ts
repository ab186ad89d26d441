/**
 * Runs folders of public hunting queries on a real engine, over tables that hold rows for them.
 *
 *     MERLON_HUNTING_CORPORA=folder[:folder…] node scripts/run-ts.mjs packages/kql/src/proof/corpora/run.ts [--only construct] [--report file.json]
 *
 * Each folder is a corpus. A text counts when Microsoft's binder takes it under the hunting schema.
 */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { huntingTables } from '@merlon/contract';
import { bindQuery } from '../../bind/bind.ts';
import { KqlError } from '../../kql-error.ts';
import { openTestEngine, type TestEngine } from '../../testing/engine.ts';
import { now, wholeTenant } from '../../testing/fixtures.ts';
import { translate } from '../../translate.ts';
import { partsOf } from './extract.ts';
import { seed } from './seed.ts';
import { standIn } from './stand-in.ts';
import { corpusTexts, isNew, type Text } from './texts.ts';

type Verdict = 'no query' | 'ran' | 'unsupported' | 'refused' | 'engine error' | 'crash';

interface Finding {
  readonly corpus: string;
  readonly file: string;
  readonly query: string;
  readonly verdict: Verdict;
  /** The construct, or what the engine says. */
  readonly why?: string;
  readonly rows: number;
  readonly translateMs: number;
  readonly runMs: number;
}

/** A text that is no query may hold several. */
function cleanOf(text: Text, known: Set<string>): Text[] {
  if (bindsClean(text.query)) return [text];
  const parts = partsOf(text.query);
  if (parts.length < 2) return [];
  return parts
    .filter((part) => part.includes('|') && isNew(part, known) && bindsClean(part))
    .map((query) => ({ ...text, query }));
}

/**
 * Microsoft's binder takes it, and it is about tables that exist here. What the binder fails on, or what is refused before it is asked, counts as
 * clean: it must not hide here.
 */
function bindsClean(query: string): boolean {
  try {
    bindQuery(query);
    return true;
  } catch (error) {
    if (!(error instanceof KqlError)) throw error;
    return error.kind === 'unsupported' && !/^(table |a management command)/.test(error.construct ?? '');
  }
}

function run(engine: TestEngine, text: Text): Finding {
  const began = performance.now();
  let translated = Number.NaN;
  const found = (verdict: Verdict, rows: number, why?: string): Finding => ({
    ...text,
    verdict,
    rows,
    ...(why === undefined ? {} : { why }),
    translateMs: translated - began,
    runMs: performance.now() - translated,
  });
  try {
    translate(text.query, { now, scope: wholeTenant, maxRows: 10_000 });
    translated = performance.now();
    engine.serveOthers(standIn(text.query));
    return found('ran', engine.table(text.query, { maxRows: 10_000 }).rows.length);
  } catch (error) {
    if (Number.isNaN(translated)) translated = performance.now();
    if (!(error instanceof KqlError)) return found('engine error', 0, String(error).slice(0, 2000));
    if (error.cause !== undefined)
      return found('crash', 0, error.cause instanceof Error ? error.cause.stack : String(error.cause));
    if (error.kind === 'unsupported') return found('unsupported', 0, error.construct ?? error.message);
    if (error.message === 'The query has no tabular expression.') return found('no query', 0);
    return found('refused', 0, error.message);
  }
}

function main(args: readonly string[]): void {
  const folders = (process.env.MERLON_HUNTING_CORPORA ?? '').split(':').filter((folder) => folder !== '');
  if (folders.length === 0)
    throw new Error('MERLON_HUNTING_CORPORA names folders of queries, separated by colons');
  const option = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const only = option('--only');
  const known = new Set<string>();
  const texts = corpusTexts(folders, known);
  const clean = texts
    .flatMap((text) => cleanOf(text, known))
    .filter(({ query }) => only === undefined || query.includes(only));
  const engine = openTestEngine(huntingTables.map((table) => table.name));
  engine.sql('SET max_execution_time = 20');
  seed(
    engine,
    clean.map(({ query }) => query),
  );
  const findings: Finding[] = [];
  for (const text of clean) {
    const finding = run(engine, text);
    // Only declarations or comments.
    if (finding.verdict === 'no query') continue;
    findings.push(finding);
    if (only !== undefined)
      console.log(`## ${finding.file}: ${finding.verdict} ${finding.rows} ${finding.why ?? ''}`);
  }
  engine.close();
  for (const folder of folders) {
    const corpus = basename(folder);
    const own = texts.filter((text) => text.corpus === corpus).length;
    tellCorpus(
      corpus,
      own,
      findings.filter((finding) => finding.corpus === corpus),
    );
  }
  tellCorpus('all', texts.length, findings);
  tellFailures(findings);
  const report = option('--report');
  if (report !== undefined) writeFileSync(report, `${JSON.stringify(findings, null, 1)}\n`);
}

function tellCorpus(corpus: string, texts: number, findings: readonly Finding[]): void {
  const count = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict).length;
  const share = ((100 * count('ran')) / findings.length).toFixed(2);
  const gaveRows = findings.filter((finding) => finding.rows > 0).length;
  const ran = findings.filter((finding) => finding.verdict === 'ran');
  console.log(
    `${corpus}: ${texts} texts, ${findings.length} bind clean, ${count('ran')} ran (${share} %), ${gaveRows} gave rows, ${count('unsupported')} unsupported, ` +
      `${count('refused')} refused, ${count('engine error')} engine errors, ${count('crash')} crashes; ` +
      `translate ${spread(findings.map((f) => f.translateMs))} ms, run ${spread(ran.map((f) => f.runMs))} ms`,
  );
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)} p99 ${at(0.99)}`;
}

function tellFailures(findings: readonly Finding[]): void {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.verdict === 'ran') continue;
    const key = `${finding.verdict}: ${(finding.why ?? '').replaceAll(/\d+/g, '#').slice(0, 160)}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  for (const [key, group] of [...groups].sort(([, a], [, b]) => b.length - a.length))
    console.log(`${group.length}  ${key.replaceAll('\n', ' ')}  e.g. ${basename(group[0]?.file ?? '')}`);
}

main(process.argv.slice(2));
