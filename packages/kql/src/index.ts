export { FairQueue } from './fair-queue.ts';
export { KqlError, type KqlErrorKind } from './kql-error.ts';
export type { ExternalNeed, Need, Outcome, QueryHost, RowsNeed, Supplied } from './plan/outcome.ts';
export { prepare } from './plan/prepare.ts';
export { compileRowFilter } from './row-filter/compile-row-filter.ts';
export { translate } from './translate.ts';
export type { QueryScope, TranslateOptions, Translation } from './translation.ts';
export {
  openTranslator,
  TranslationCutOff,
  type Translator,
  TranslatorBusyError,
  type TranslatorOptions,
} from './translator.ts';
