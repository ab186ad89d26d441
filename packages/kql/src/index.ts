export { KqlError, type KqlErrorKind } from './kql-error.ts';
export { translate } from './translate.ts';
export type { QueryScope, TranslateOptions, Translation } from './translation.ts';
export {
  openTranslator,
  type Translator,
  TranslatorBusyError,
  type TranslatorOptions,
} from './translator.ts';
