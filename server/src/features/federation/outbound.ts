/**
 * The only way out to identity providers: https, to public addresses and those the operator allows, without redirects, bounded in size and time. The
 * address is checked as it is connected to, so that a name cannot change between the two.
 */
import { lookup as resolve } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { hostAllowList } from '../../outbound/host-allow-list.ts';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 512 * 1024;

/** Why a provider's address gave nothing, fit for an administrator. */
export class Unreachable extends Error {}

export interface OutboundOptions {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
}
export type Outbound = (url: string, options?: OutboundOptions) => Promise<Response>;

/** `networks`: private networks, as `10.0.0.0/8`, in which providers may be. */
export function createOutbound(networks: readonly string[]): Outbound {
  const { mayConnect } = hostAllowList(networks);

  const lookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(new Unreachable(`the name ${hostname} is not known`), []);
      const usable = addresses.filter(({ address }) => mayConnect(address));
      const [first] = usable;
      if (first === undefined) return callback(new Unreachable(`the address of ${hostname} is private`), []);
      if (options.all) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };

  return async (text, { method = 'GET', headers = {}, body } = {}) => {
    if (!URL.canParse(text)) throw new Unreachable('it is not an address');
    const url = new URL(text);
    if (url.protocol !== 'https:') throw new Unreachable('only https is spoken with identity providers');
    if (url.username !== '' || url.password !== '')
      throw new Unreachable('an address may not hold a user name or password');
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !mayConnect(host)) throw new Unreachable(`the address ${host} is private`);
    const late = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const answer = await new Promise<IncomingMessage>((done, fail) => {
        const sent = request(url, { method, headers, lookup, agent: false, signal: late }, done);
        sent.once('error', fail);
        sent.end(body);
      });
      const status = answer.statusCode ?? 0;
      if (status >= 300 && status < 400) {
        answer.destroy();
        throw new Unreachable(`${host} answered with a redirect, which is not followed`);
      }
      return new Response(await read(answer, host), {
        status: status < 200 ? 502 : status,
        headers: { 'content-type': answer.headers['content-type'] ?? '' },
      });
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      const why = late.aborted ? `did not answer within ${TIMEOUT_MS / 1_000} seconds` : 'cannot be reached';
      throw new Unreachable(`${host} ${why}`, { cause: error });
    }
  };
}

async function read(answer: IncomingMessage, host: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop destroys the answer.
    if (length > MAX_BYTES) throw new Unreachable(`${host} answered with more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return answer.statusCode === 204 ? null : new Uint8Array(Buffer.concat(chunks));
}
