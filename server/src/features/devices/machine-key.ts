/** What a route's `{id}` may be: the device id, or the computer name. */
export function machineKey(idOrName: string): { id: string } | { name: string } {
  return /^[0-9a-f]{40}$/i.test(idOrName) ? { id: idOrName.toLowerCase() } : { name: idOrName };
}
