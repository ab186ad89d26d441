/** The wire of server-sent events (WHATWG HTML, 9.2), as far as it is used here. Pure. */

/** @param data one line. */
export function eventText(event: string, id: string, data: object): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Keeps proxies from closing a silent connection; readers pass over it. */
export const HEARTBEAT = ': \n\n';

/** The moment that `Last-Event-ID` names, when it is one of ours. */
export function momentOf(lastEventId: string | undefined): Date | null {
  if (lastEventId === undefined || !/^\d{13}$/.test(lastEventId)) return null;
  return new Date(Number(lastEventId));
}
