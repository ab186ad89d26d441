/** Some connectors ask for their token by GET, the form in the body, and Entra ID answers them. Pure. */
import type { IncomingMessage } from 'node:http';

const TOKEN_PATH = /^\/+[^/?]+\/+oauth2\/+(?:v2\.0\/+)?token\/*(?:\?|$)/i;

/** Never what a browser sends: it gives a GET no body. */
export function isTokenByGet({ method, url, headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>) {
  return (
    method === 'GET' &&
    Number(headers['content-length'] ?? 0) > 0 &&
    (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded') &&
    TOKEN_PATH.test(url ?? '')
  );
}
