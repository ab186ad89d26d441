/**
 * Fetches what `externaldata` names, for the translator. The address, every address it redirects to, and the network address each name stands for at
 * the moment of connecting, are held against the administrator's list; size and time are bounded. What was fetched is kept for a while.
 */
import { lookup as resolve } from 'node:dns';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { ApiError } from '@merlon/contract';
import { type HostAllowList, hostAllowList } from '../../outbound/host-allow-list.ts';
import type { Clock } from '../../telemetry/clock.ts';

/** What a query asks for. */
export interface ExternalRequest {
  readonly url: string;
  /** The address holds a secret: it is told to nobody and nothing is kept. */
  readonly isSecret: boolean;
  readonly maxBytes: number;
}

export type FetchExternal = (request: ExternalRequest, signal: AbortSignal) => Promise<Uint8Array>;

export interface ExternalDataOptions {
  readonly hosts: readonly string[];
  readonly clock: Clock;
  /** Of one fetch with all its redirects. */
  readonly timeoutMs?: number;
  /** How long and how much is kept. */
  readonly cache?: { readonly ms: number; readonly bytes: number };
}

const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;
const CACHE = { ms: 5 * 60_000, bytes: 64 * 1024 * 1024 };

/** Why an address gave nothing, fit for whoever wrote it. */
class Refusal extends Error {}

export function createExternalData(options: ExternalDataOptions): FetchExternal {
  const allowed = hostAllowList(options.hosts);
  const kept = new FetchCache(options.cache ?? CACHE, options.clock);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;

  return async ({ url, isSecret, maxBytes }, signal) => {
    const known = isSecret ? undefined : kept.get(url);
    if (known !== undefined && known.length <= maxBytes) return known;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      if (options.hosts.length === 0)
        throw new Refusal(
          'reading from elsewhere is turned off; an administrator may allow hosts (MERLON_HUNTING_EXTERNAL_HOSTS)',
        );
      const bytes = await fetchAllowed(parse(url), allowed, maxBytes, AbortSignal.any([signal, late]));
      if (!isSecret) kept.put(url, bytes);
      return bytes;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const why = late.aborted
        ? `it did not answer within ${timeoutMs / 1_000} seconds`
        : error instanceof Refusal
          ? error.message
          : 'the connection failed';
      throw new ApiError(
        'BadRequest',
        `externaldata cannot read ${isSecret ? 'a secret address' : shown(url)}: ${why}.`,
        {
          privateDetail: error instanceof Error ? error.message : String(error),
          cause: error,
        },
      );
    }
  };
}

function parse(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Refusal('it is not an address');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Refusal(`${url.protocol}// is not spoken here, only https`);
  return url;
}

/** The address without what may be secret in it. */
function shown(text: string): string {
  return URL.canParse(text) ? text.replace(/[?#;].*$/s, '').slice(0, 300) : 'what is no address';
}

async function fetchAllowed(
  start: URL,
  allowed: HostAllowList,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const refusal = allowed.refusal(url);
    if (refusal !== null) throw new Refusal(hop === 0 ? refusal : `it redirects, and ${refusal}`);
    const answer = await connect(url, allowed, signal);
    const status = answer.statusCode ?? 0;
    const target = answer.headers.location;
    if (status >= 300 && status < 400 && target !== undefined) {
      answer.destroy();
      if (!URL.canParse(target, url.href)) throw new Refusal('it redirects to what is no address');
      url = parse(new URL(target, url).href);
      continue;
    }
    if (status !== 200) {
      answer.destroy();
      throw new Refusal(`it answered ${status}`);
    }
    return await read(answer, maxBytes);
  }
  throw new Refusal(`it redirects more than ${MAX_REDIRECTS} times`);
}

function connect(url: URL, allowed: HostAllowList, signal: AbortSignal): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !allowed.mayConnect(host)) throw new Refusal(`the address ${host} is private`);
  return new Promise((done, fail) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
      url,
      {
        signal,
        agent: false,
        lookup: checkedLookup(allowed),
        headers: { 'user-agent': 'merlon', 'accept-encoding': 'identity' },
      },
      done,
    );
    request.once('error', fail);
    request.end();
  });
}

/** The check is made on the very addresses that are then connected to, so that a name cannot change between the two. */
function checkedLookup(allowed: HostAllowList): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(new Refusal('its name is not known'), []);
      const usable = addresses.filter(({ address }) => allowed.mayConnect(address));
      const [first] = usable;
      if (first === undefined) return callback(new Refusal(`the address of ${hostname} is private`), []);
      if (options.all) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}

async function read(answer: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop destroys the answer.
    if (length > maxBytes) throw new Refusal(`it is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (!answer.complete) throw new Refusal('it broke off');
  return new Uint8Array(Buffer.concat(chunks));
}

/** What was fetched, by address; the longest unused goes first. */
class FetchCache {
  readonly #limits: { readonly ms: number; readonly bytes: number };
  readonly #clock: Clock;
  readonly #entries = new Map<string, { readonly bytes: Uint8Array; readonly until: number }>();
  #size = 0;

  constructor(limits: { readonly ms: number; readonly bytes: number }, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get(url: string): Uint8Array | undefined {
    const entry = this.#entries.get(url);
    if (entry === undefined) return undefined;
    this.#remove(url);
    if (entry.until <= this.#clock.now().getTime()) return undefined;
    this.#entries.set(url, entry);
    this.#size += entry.bytes.length;
    return entry.bytes;
  }

  put(url: string, bytes: Uint8Array): void {
    this.#remove(url);
    if (bytes.length > this.#limits.bytes) return;
    this.#entries.set(url, { bytes, until: this.#clock.now().getTime() + this.#limits.ms });
    this.#size += bytes.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#limits.bytes) break;
      this.#remove(oldest);
    }
  }

  #remove(url: string): void {
    this.#size -= this.#entries.get(url)?.bytes.length ?? 0;
    this.#entries.delete(url);
  }
}
