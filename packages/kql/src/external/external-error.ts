/** What lies at the address is not what the query says it is. The message names what, in the words of the query. */
export class ExternalError extends Error {
  override readonly name = 'ExternalError';
}
