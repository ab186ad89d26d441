import { huntingTables } from '@merlon/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KqlError } from '../index.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';
import { seed as fill } from './corpora/seed.ts';
import { faultOf, mutated } from './mutations.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine(huntingTables.map((table) => table.name));
  fill(engine, []);
  engine.sql('SET max_execution_time = 20');
}, 120_000);
afterAll(() => engine.close());

/** How many times the usual number of texts to try; fuzz-run.ts tries them by the hundred thousand. */
const thoroughness = Number(process.env.MERLON_FUZZ_FACTOR ?? 1);

it('a broken query either runs or is refused before the engine sees it', () => {
  fc.assert(
    fc.property(mutated, (text) => {
      try {
        engine.rows(text, { maxRows: 100 });
      } catch (error) {
        expect(error instanceof KqlError ? faultOf(error, text) : String(error), text).toBeUndefined();
      }
    }),
    { numRuns: 150 * thoroughness, seed: 20_261_125 + thoroughness },
  );
}, 1_800_000);
