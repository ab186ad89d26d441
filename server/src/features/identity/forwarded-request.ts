/** A request as the tenant's provider expects it: its own address in `url`, the tenant's in `originalUrl`, the public host in `Host`. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { RouteRequest } from '../../http/route.ts';

type Edge = Pick<RouteRequest, 'node' | 'origin'>;

/** Without a body. Changes the request itself, which nobody else reads any more. */
export function forwarded({ node, origin }: Edge, tenantId: string, url: string): IncomingMessage {
  node.request.headers.host = new URL(origin).host;
  return Object.assign(node.request, { url, originalUrl: `/${tenantId}${url}` });
}

/** With a form: the body was read already, so the provider gets a fresh one. Credentials travel in the form only. */
export function forwardedForm(
  { node, origin }: Edge,
  tenantId: string,
  url: string,
  form: URLSearchParams,
): IncomingMessage {
  const body = Buffer.from(form.toString());
  const { authorization: _credentials, 'transfer-encoding': _framing, ...headers } = node.request.headers;
  return Object.assign(Readable.from([body], { objectMode: false }), {
    method: 'POST',
    url,
    originalUrl: `/${tenantId}${url}`,
    httpVersion: node.request.httpVersion,
    httpVersionMajor: node.request.httpVersionMajor,
    socket: node.request.socket,
    headers: {
      ...headers,
      host: new URL(origin).host,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
    },
  }) as unknown as IncomingMessage;
}
