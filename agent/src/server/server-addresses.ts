/**
 * The addresses of the server. Every successful look-up is remembered on disk, so that the server is found again when DNS fails; while the
 * device is isolated only the pinned addresses are used, since only they can be reached.
 */
import { lookup as dnsLookup, Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Type } from 'typebox';
import { AgentError, messageOf } from '../agent-error.ts';
import { readJson, writeJsonDurably } from '../files/durable.ts';
import { within } from '../time/within.ts';
import { systemNameServers } from './name-servers.ts';

const Remembered = Type.Object({
  host: Type.String(),
  addresses: Type.Array(Type.String(), { maxItems: 64 }),
});

const LOOKUP_LIMIT_MS = 4000;
/** More addresses than this are not opened in an isolation. */
const MAX_ADDRESSES = 16;

export interface ServerAddressesOptions {
  readonly url: URL;
  /** Null: nothing is remembered between runs. */
  readonly file: string | null;
  /** Asked directly when the system finds nothing; null: those that the system knows. */
  readonly resolvers: readonly string[] | null;
}

export class ServerAddresses {
  readonly host: string;
  readonly port: number;
  readonly #file: string | null;
  readonly #resolvers: readonly string[] | null;
  #known: string[] = [];
  #pinned: string[] | null = null;

  constructor(options: ServerAddressesOptions) {
    this.host = options.url.hostname.replace(/^\[(.*)\]$/, '$1');
    this.port = Number(options.url.port || 443);
    this.#file = options.file;
    this.#resolvers = options.resolvers;
  }

  async load(): Promise<void> {
    const remembered = this.#file === null ? null : await readJson(this.#file, Remembered);
    if (remembered?.host === this.host) this.#known = remembered.addresses.filter((a) => isIP(a) !== 0);
  }

  /** Use these and no others until {@link unpin}. */
  pin(addresses: readonly string[]): void {
    this.#pinned = [...addresses];
  }

  unpin(): void {
    this.#pinned = null;
  }

  /** Asks DNS now. Where it fails, what is remembered; at most 16. @throws AgentError when there is nothing at all. */
  async find(): Promise<string[]> {
    if (isIP(this.host) !== 0) return [this.host];
    try {
      const found = [...new Set(await this.#ask())].slice(0, MAX_ADDRESSES);
      if (found.length === 0) throw new Error('no address');
      await this.#remember(found);
      return found;
    } catch (error) {
      if (this.#known.length > 0) return this.#known;
      throw Object.assign(
        new AgentError(`the name ${this.host} cannot be resolved: ${messageOf(error)}`, { cause: error }),
        { code: 'ENOTFOUND' },
      );
    }
  }

  /** For `net.connect`. */
  readonly lookup: LookupFunction = (_host, options, callback) => {
    const answer = (addresses: readonly string[]) => {
      const wanted = addresses
        .map((address) => ({ address, family: isIP(address) }))
        .filter(
          ({ family }) => !options.family || family === Number(String(options.family).replace('IPv', '')),
        );
      const [first] = wanted;
      if (!first) return callback(noAddress(this.host), '', 0);
      if (options.all) callback(null, wanted);
      else callback(null, first.address, first.family);
    };
    if (this.#pinned) return answer(this.#pinned);
    this.find().then(answer, (error: NodeJS.ErrnoException) => callback(error, '', 0));
  };

  async #ask(): Promise<string[]> {
    try {
      return await within(LOOKUP_LIMIT_MS, systemResolve(this.host));
    } catch (error) {
      const servers = this.#resolvers ?? (await systemNameServers());
      if (servers.length === 0) throw error;
      return resolveThrough(servers, this.host);
    }
  }

  async #remember(addresses: string[]): Promise<void> {
    if (addresses.join() === this.#known.join()) return;
    this.#known = addresses;
    if (this.#file !== null) await writeJsonDurably(this.#file, { host: this.host, addresses });
  }
}

async function systemResolve(host: string): Promise<string[]> {
  return (await dnsLookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Past the system's resolver, whose daemon may be cut off in an isolation although this process is not.
 * @throws Error when none of the servers knows the name.
 */
async function resolveThrough(servers: readonly string[], host: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([...servers]);
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length === 0) throw new Error(`${servers.join(', ')} know no address of ${host}`);
  return found;
}

function noAddress(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host} has no address of the wanted family`), { code: 'ENOTFOUND' });
}
