import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { translate } from '../index.ts';
import { now, wholeTenant } from '../testing/fixtures.ts';
import { translated } from '../testing/translated.ts';
import { faultOf, mutated, pieces } from './mutations.ts';

// Loading the binder and building its grammar is the slow part, once.
beforeAll(() => void translated('print 1'), 120_000);

/** How many times the usual number of texts to try. */
const thoroughness = Number(process.env.MERLON_FUZZ_FACTOR ?? 1);

/** A statement, needs, or a refusal with a place inside the text. */
function answers(text: string): void {
  try {
    const outcome = translate(text, { now, scope: wholeTenant });
    if (outcome.kind === 'needs') return;
    const { sql, columns } = outcome.translation;
    expect(sql.startsWith('SELECT ') || sql.startsWith('WITH ')).toBe(true);
    expect(columns.length).toBeGreaterThan(0);
  } catch (error) {
    expect(faultOf(error, text), text).toBeUndefined();
  }
}

describe('whatever the text, translation', () => {
  it('answers a broken query', () => {
    fc.assert(fc.property(mutated, answers), {
      numRuns: 200 * thoroughness,
      seed: 20_261_124 + thoroughness,
    });
  }, 300_000);

  it('answers tokens in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 25 }), (tokens) =>
        answers(tokens.join(' ')),
      ),
      { numRuns: 80 * thoroughness, seed: 20_261_124 + thoroughness },
    );
  }, 300_000);

  it('answers random characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), answers), {
      numRuns: 80 * thoroughness,
      seed: 20_261_124 + thoroughness,
    });
  }, 300_000);
});
