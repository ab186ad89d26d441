/**
 * Runs the examples of the Kusto reference on a real engine and compares what comes out with what the pages print.
 *
 *     MERLON_KUSTO_DOCS=…/data-explorer/kusto/query node scripts/run-ts.mjs packages/kql/src/proof/reference/run.ts [part of a page's name …] [--report file.json]
 *
 * With a part of a name, each example of those pages is told in full.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { huntingTables } from '@merlon/contract';
import { KqlError } from '../../kql-error.ts';
import { openTestEngine, type TestEngine } from '../../testing/engine.ts';
import { difference, type GivenTable } from './compare.ts';
import { exceptions } from './exceptions.ts';
import { type Example, examplesOf } from './page.ts';

type Verdict =
  | 'agree'
  | 'disagree'
  | 'unsupported'
  | 'refused'
  | 'engine error'
  | 'excepted'
  | 'out of scope'
  | 'not self-contained';

interface Finding {
  readonly page: string;
  readonly ordinal: number;
  readonly verdict: Verdict;
  readonly why?: string;
}

/** The binder's words for a table, column or function that the page does not define. */
const foreignName = /does not refer to any known|is not defined/;
/** Graphs, other languages, other services and administration are not part of what hunting speaks. */
const beyondHunting =
  /\b(graph|make-graph|graph-match|python|r|ai_\w+|cosmosdb_sql_request|sql_request|mysql_request|postgresql_request|http_request\w*|azure_digital_twins_query_request|infer_storage_schema\w*|macro-expand)\s*\(|\b(make-graph|graph-\w+|macro-expand|external_table|inline external_table|stored_query_result|cursor_\w+|current_cursor|extent_\w+|explain)\b|^\s*\./im;

function judge(engine: TestEngine, example: Example): Finding {
  const { page, ordinal, query, printed } = example;
  const found = (verdict: Verdict, why?: string): Finding => ({
    page,
    ordinal,
    verdict,
    ...(why === undefined ? {} : { why }),
  });
  if (beyondHunting.test(query) || page.startsWith('inline-external-table')) return found('out of scope');
  const exception = exceptions.get(`${page} ${ordinal}`);
  if (exception !== undefined) return found('excepted', exception);
  try {
    const given = result(engine, query);
    const why = difference(given, printed, {
      ordered: isOrdered(query),
      setLike: /make_set|set_|bag_keys|buildschema/.test(query),
    });
    return why === undefined ? found('agree') : found('disagree', why);
  } catch (error) {
    if (!(error instanceof KqlError)) return found('engine error', String(error).slice(0, 600));
    if (error.kind === 'unsupported')
      return found(
        'unsupported',
        `${error.construct ?? error.message}${error.cause === undefined ? '' : ` ${String(error.cause)}`}`,
      );
    if (foreignName.test(error.message)) return found('not self-contained', error.message);
    return found('refused', error.message);
  }
}

/** Some pages leave the `print` before an expression out. */
function result(engine: TestEngine, query: string): GivenTable {
  try {
    return engine.table(query);
  } catch (error) {
    if (!(error instanceof KqlError) || !error.message.includes('not a tabular expression')) throw error;
    return engine.table(`print ${query}`);
  }
}

/** The last sort is followed by nothing that gives up its order. */
function isOrdered(query: string): boolean {
  const sorted = Math.max(
    query.search(/\|\s*(sort|order) by[^|]*(\|\s*(extend|project|take|limit|serialize)[^|]*)*$/),
    query.search(/\|\s*top\s[^|]*$/),
  );
  return sorted !== -1;
}

function main(args: readonly string[]): void {
  const folder = process.env.MERLON_KUSTO_DOCS;
  if (folder === undefined)
    throw new Error('MERLON_KUSTO_DOCS names the folder of the Kusto reference (data-explorer/kusto/query)');
  const reportAt = args.indexOf('--report');
  const reportFile = reportAt === -1 ? undefined : args[reportAt + 1];
  const filters = args.filter(
    (_, index) => reportAt === -1 || (index !== reportAt && index !== reportAt + 1),
  );
  const examples = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .flatMap((name) => examplesOf(name.slice(0, -'.md'.length), readFileSync(join(folder, name), 'utf8')))
    .filter(({ page }) => filters.length === 0 || filters.some((filter) => page.includes(filter)));
  const engine = openTestEngine(huntingTables.map((table) => table.name));
  const findings = examples.map((example) => {
    const finding = judge(engine, example);
    if (filters.length > 0) tell(example, finding);
    return finding;
  });
  engine.close();
  if (filters.length === 0) tellPages(findings);
  tellTotals(findings);
  if (reportFile !== undefined) writeFileSync(reportFile, `${JSON.stringify(findings, null, 1)}\n`);
}

const silent: ReadonlySet<Verdict> = new Set(['agree', 'excepted', 'out of scope', 'not self-contained']);

function tell({ query }: Example, { page, ordinal, verdict, why }: Finding): void {
  console.log(`## ${page} ${ordinal}: ${verdict}${why === undefined ? '' : `: ${why}`}`);
  if (!silent.has(verdict)) console.log(query);
}

function tellPages(findings: readonly Finding[]): void {
  for (const { page, ordinal, verdict, why } of findings)
    if (!silent.has(verdict))
      console.log(`${page} ${ordinal}: ${verdict}: ${why ?? ''}`.replaceAll('\n', ' ').slice(0, 500));
}

function tellTotals(findings: readonly Finding[]): void {
  const count = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict).length;
  const alone = findings.length - count('not self-contained') - count('out of scope');
  const verdicts = ['agree', 'disagree', 'unsupported', 'refused', 'engine error', 'excepted'] as const;
  const share = (of: number) => `${((100 * count('agree')) / of).toFixed(1)} %`;
  console.log(
    `${findings.length} examples print a result, ${alone} of them stand alone and are about what hunting speaks: ${verdicts.map((verdict) => `${count(verdict)} ${verdict}`).join(', ')}; ` +
      `${share(alone - count('excepted'))} of those that can agree do, ${share(alone)} of all`,
  );
}

main(process.argv.slice(2));
