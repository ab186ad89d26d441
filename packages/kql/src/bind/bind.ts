import { KqlError } from '../kql-error.ts';
import { queryError } from './diagnostics.ts';
import { type BoundCode, kustoLibrary } from './library.ts';
import { tooDeepAt } from './nesting.ts';
import { huntingSchema, type Schema, type SchemaVariant } from './schema.ts';
import { list } from './syntax.ts';

export interface BoundQuery {
  readonly code: BoundCode;
  readonly schema: Schema;
}

/** Longest query text, in UTF-16 units. */
const maxTextLength = 400_000;

/**
 * Refuses a text that the library would take seconds over.
 * @throws KqlError
 */
export function checkText(text: string): void {
  if (text.length > maxTextLength) {
    throw KqlError.unsupported(`a query longer than ${maxTextLength} characters`, {
      start: 0,
      length: text.length,
    });
  }
  // The library would build the grammar of all commands first, which takes seconds.
  if (/^(\s|\/\/[^\n]*(\n|$))*\./.test(text))
    throw KqlError.unsupported('a management command', { start: 0, length: text.length });
  if (text.trim() === '') throw new KqlError('syntax', 'The query is empty.', { start: 0, length: 0 });
  const tooDeep = tooDeepAt(text);
  if (tooDeep !== undefined)
    throw KqlError.unsupported('a query nested this deeply', { start: tooDeep, length: 1 });
}

/**
 * Parses and binds a query whose text has been checked. The aliases are offered only to a query that does not bind without them, so that they
 * cannot change the meaning of one that does; see {@link SchemaVariant} for AdditionalFields.
 * @throws KqlError with the binder's message and position
 */
export function bindQuery(text: string): BoundQuery {
  let refusal: KqlError | undefined;
  for (const variant of variantsFor(text)) {
    const schema = huntingSchema(variant);
    const code = analyze(text, schema);
    const error = queryError(code, text);
    if (error === undefined) return { code, schema };
    // The verdict to tell is that of the most generous schema with the types that most queries assume.
    if (refusal === undefined || (variant.aliases && variant.additionalFields === 'dynamic')) refusal = error;
  }
  throw refusal ?? new KqlError('syntax', 'The query is empty.', { start: 0, length: 0 });
}

function variantsFor(text: string): SchemaVariant[] {
  const types = text.includes('AdditionalFields') ? (['dynamic', 'string'] as const) : (['dynamic'] as const);
  return types.flatMap((additionalFields) => [
    { aliases: false, additionalFields },
    { aliases: true, additionalFields },
  ]);
}

function analyze(text: string, schema: Schema): BoundCode {
  try {
    const code = kustoLibrary().KustoCode.ParseAndAnalyze(text, schema.globals);
    list(code.GetDiagnostics());
    return code;
  } catch (error) {
    // The library has paths that throw instead of diagnosing: recursion without a floor, graph operators over unknown graphs.
    const construct =
      error instanceof RangeError ? 'a query nested this deeply' : 'a construct the binder fails on';
    throw KqlError.unsupported(construct, { start: 0, length: text.length });
  }
}
