/**
 * Where the detections feed answers: below `/siem`, on host names of its own, and at the address of the alerts API for whoever brings a token of the feed's
 * audience. The last two are turned into the first here, before a route is chosen; the route proves the token. Pure.
 */
import type { IncomingMessage } from 'node:http';
import { isSiemAudience } from '@merlon/contract';

export const EXPORTER_PATH = '/siem/api/alerts';

/** `/api/alerts`, `/api/Alerts/`, `/api/alert`: all of them stand in documents that people follow. */
const SPELLINGS = /^\/+(siem\/+)?api\/+alerts?\/*(?=\?|$)/i;
/** A longer token is no token. */
const MAX_TOKEN_LENGTH = 16_384;

/** The address by which the feed is known inside, or the one given where it is not meant. `hosts`: in lower case, without a port. */
export function exporterUrl(
  { method, url = '/', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  hosts: ReadonlySet<string>,
): string {
  const found = SPELLINGS.exec(url);
  if (found === null || method !== 'GET') return url;
  const meant =
    found[1] !== undefined || hosts.has(hostOf(headers.host)) || isForExporter(headers.authorization);
  return meant ? EXPORTER_PATH + url.slice(found[0].length) : url;
}

function hostOf(host = ''): string {
  return host.toLowerCase().replace(/:\d+$/, '');
}

/** What the token says of itself; nobody has proved it yet. */
function isForExporter(authorization = ''): boolean {
  if (authorization.length > MAX_TOKEN_LENGTH) return false;
  const payload = /^\s*(?:bearer\s+)?[\w-]+\.([\w-]+)\.[\w-]+\s*$/i.exec(authorization)?.[1];
  if (payload === undefined) return false;
  try {
    const { aud } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { aud?: unknown };
    return typeof aud === 'string' && isSiemAudience(aud);
  } catch {
    return false;
  }
}
