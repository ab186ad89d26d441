/** A request's body as it may be kept: the shape whole, the values of secrets gone. Pure. */

/** By name, since the trail must not know every route: better one value too many removed than one kept. */
const SECRET =
  /secret|password|passphrase|token|assertion|private|credential|^code$|^key$|apikey|connectionstring|sas$/i;

export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET.test(name) && member !== null ? '(removed)' : withoutSecrets(member),
    ]),
  );
}
