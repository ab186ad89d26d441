/**
 * Breaks queries and runs what is left of them on a real engine:
 *
 *     node scripts/run-ts.mjs packages/kql/src/proof/fuzz-run.ts [queries, 100000] [seed, 1]
 *
 * Ends with what was found: a crash, a message that tells of the engine, an engine error, a query that took longer than its limit.
 */

import { huntingTables } from '@merlon/contract';
import fc from 'fast-check';
import { KqlError } from '../kql-error.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';
import { seed as fill } from './corpora/seed.ts';
import { faultOf, mutated } from './mutations.ts';

const secondsAllowed = 5;
/** The thread may come back a little later than the engine gives up, and translation may take its time before. */
const patienceMs = (secondsAllowed + 10) * 1000;

function main(args: readonly string[]): void {
  const count = Number(args[0] ?? 100_000);
  const seed = Number(args[1] ?? 1);
  const engine = openTestEngine(huntingTables.map((table) => table.name));
  fill(engine, []);
  engine.sql(`SET max_execution_time = ${secondsAllowed}, max_memory_usage = 1500000000`);
  const tally: Record<string, number> = {};
  const faults = new Map<string, string>();
  const batch = 1000;
  for (let first = 0; first < count; first += batch) {
    const texts = fc.sample(mutated, {
      numRuns: Math.min(batch, count - first),
      seed: seed * 1_000_003 + first,
    });
    for (const text of texts) {
      const { verdict, fault } = tryOne(engine, text);
      tally[verdict] = (tally[verdict] ?? 0) + 1;
      if (fault !== undefined && !faults.has(fault.replaceAll(/\d+/g, '#').slice(0, 150))) {
        faults.set(fault.replaceAll(/\d+/g, '#').slice(0, 150), text);
        console.log(`FAULT ${fault.slice(0, 700)}\n   ${text}\n`);
      }
    }
    console.log(`${first + texts.length}: ${JSON.stringify(tally)}, ${faults.size} kinds of fault`);
  }
  engine.close();
  process.exitCode = faults.size === 0 ? 0 : 1;
}

function tryOne(engine: TestEngine, text: string): { verdict: string; fault?: string } {
  const began = performance.now();
  const late = () =>
    performance.now() - began > patienceMs
      ? { fault: `took ${Math.round(performance.now() - began)} ms` }
      : {};
  try {
    engine.rows(text, { maxRows: 100 });
    return { verdict: 'ran', ...late() };
  } catch (error) {
    if (error instanceof KqlError) {
      const fault = faultOf(error, text);
      return { verdict: error.kind, ...(fault === undefined ? late() : { fault }) };
    }
    // The server answers a query past its limits with its own words for that.
    if (/TIMEOUT_EXCEEDED|MEMORY_LIMIT_EXCEEDED/.test(String(error)))
      return { verdict: 'over a limit', ...late() };
    return { verdict: 'engine error', fault: String(error) };
  }
}

main(process.argv.slice(2));
