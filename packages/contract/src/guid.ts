const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What clients and devices call an id may be anything; only this may reach a column of type uuid. */
export function isGuid(text: string): boolean {
  return GUID.test(text);
}
