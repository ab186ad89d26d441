import { KqlError } from '../kql-error.ts';
import type { TranslateOptions, Translation } from '../translation.ts';
import type { Need, Outcome, QueryHost, Supplied } from './outcome.ts';

/** Times a query may ask anew: each plug-in whose columns depend on its rows takes one. */
const maxRounds = 24;
/** Needs answered at once. */
const maxConcurrent = 4;

/** The pure translation or a pool's. */
export type Translate = (text: string, options: TranslateOptions) => Outcome | Promise<Outcome>;

/**
 * A query as the one statement that answers it: asks the host for what translation lacks and translates again, until nothing is lacking.
 * @throws KqlError for a query that is wrong or not supported; what the host throws, as it is
 */
export async function prepare(
  translate: Translate,
  text: string,
  options: TranslateOptions,
  host: QueryHost,
  signal?: AbortSignal,
): Promise<Translation> {
  let supplied: Supplied = options.supplied ?? {};
  for (let round = 0; round < maxRounds; round++) {
    signal?.throwIfAborted();
    const outcome = await translate(text, { ...options, supplied });
    if (outcome.kind === 'statement') return outcome.translation;
    supplied = { ...supplied, ...(await answers(outcome.needs, supplied, host, signal)) };
  }
  throw KqlError.unsupported('a query that depends on its own rows this often', {
    start: 0,
    length: text.length,
  });
}

async function answers(
  needs: readonly Need[],
  known: Supplied,
  host: QueryHost,
  signal: AbortSignal | undefined,
): Promise<Supplied> {
  const answered: Record<string, Supplied[string]> = {};
  const waiting = [...needs];
  const serve = async () => {
    for (let need = waiting.shift(); need !== undefined; need = waiting.shift()) {
      if (need.id in known) throw new TypeError(`the translation asks again for ${need.id}`);
      answered[need.id] = await answer(need, host, signal);
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxConcurrent, needs.length) }, serve));
  return answered;
}

function answer(need: Need, host: QueryHost, signal: AbortSignal | undefined): Promise<Supplied[string]> {
  switch (need.kind) {
    case 'rows':
      return host.rows(need.statement, need.maxRows, signal);
    case 'external':
      return host.external(need, signal);
  }
}
