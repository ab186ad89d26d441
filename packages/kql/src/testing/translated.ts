import { KqlError, type TranslateOptions, type Translation, translate } from '../index.ts';
import { now, wholeTenant } from './fixtures.ts';

/** Translates with the fixed clock and a whole tenant in sight. */
export function translated(text: string, options: Partial<TranslateOptions> = {}): Translation {
  const outcome = translate(text, { now, scope: wholeTenant, ...options });
  if (outcome.kind === 'statement') return outcome.translation;
  throw new Error(`needs ${outcome.needs.map((need) => need.id).join(', ')} first: ${text}`);
}

/** The refusal of a query that must not translate. */
export function refusal(text: string, options: Partial<TranslateOptions> = {}): KqlError {
  try {
    translated(text, options);
  } catch (error) {
    if (error instanceof KqlError) return error;
    throw error;
  }
  throw new Error(`translated, though it should not: ${text}`);
}
