/** A request's body as it may be kept: the shape whole, the values of secrets gone, nothing in it that no store takes. Pure. */
import { recordedText } from '../telemetry/recorded-query.ts';

/** By name, since the trail must not know every route: better one value too many removed than one kept. */
const SECRET =
  /secret|password|passphrase|token|assertion|private|credential|^code$|^key$|apikey|connectionstring|sas$|clientkey$|^authorization$|^headers$/i;
/** Holds a query, in which the author may have marked strings as secret. */
const QUERY = /query$/i;
/** U+0000 and halves of surrogate pairs: JSON may hold them, PostgreSQL not. */
const NOT_STORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Whether what stands under this name must not be shown or kept. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name) || QUERY.test(name);
}

export function withoutSecrets(value: unknown): unknown {
  return kept(value, '');
}

function kept(value: unknown, name: string): unknown {
  if (typeof value === 'string') return storable(QUERY.test(name) ? recordedText(value) : value);
  if (Array.isArray(value)) return value.map((member) => kept(member, name));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, own]) => [
      storable(member),
      SECRET.test(member) && own !== null ? '(removed)' : kept(own, member),
    ]),
  );
}

function storable(text: string): string {
  return text.replace(NOT_STORABLE, '\uFFFD');
}
