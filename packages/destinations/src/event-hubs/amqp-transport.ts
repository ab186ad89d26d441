/**
 * AMQP 1.0 by the Azure SDK. The SDK opens its sockets itself and lets nobody choose address or authorities, except where it is given what to open
 * WebSockets with: what is given to it here has a WebSocket's face, and is the plain TLS connection of the protocol behind it.
 */
import type { EventHubProducerClient } from '@azure/event-hubs';
import { eachAtMost } from '../each-at-most.ts';
import { untilAborted } from '../until-aborted.ts';
import { guardedSocket } from './guarded-socket.ts';
import type { Transport, TransportOptions } from './transport.ts';

/** Messages on their way at once; those of one device go one after the other. */
const AT_ONCE = 64;
const ACKNOWLEDGE_MS = 30_000;

export async function amqpTransport(options: TransportOptions): Promise<Transport> {
  const { EventHubProducerClient } = await import('@azure/event-hubs');
  const { identity, namespace } = options;
  const clients = new Map<string, EventHubProducerClient>();
  /** Of the call that runs now. */
  let broken = new AbortController();
  const webSocket = socketClass(options, () => broken.abort());

  /**
   * The SDK waits for answers on connections that are gone until its time is over; here that ends the call at once. Signals are not given to the SDK: it
   * would listen to them for each message, which costs a quarter of the time.
   */
  async function whileConnected(
    given: AbortSignal,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    broken = new AbortController();
    const signal = AbortSignal.any([given, broken.signal]);
    await untilAborted(work(signal), signal);
  }

  function clientOf(hub: string): EventHubProducerClient {
    const known = clients.get(hub);
    if (known !== undefined) return known;
    const more = {
      webSocketOptions: { webSocket },
      retryOptions: { maxRetries: 1, retryDelayInMs: 250, timeoutInMs: ACKNOWLEDGE_MS },
    };
    const client =
      'credential' in identity
        ? new EventHubProducerClient(namespace.host, hub, identity.credential, more)
        : new EventHubProducerClient(identity.connectionString, hub, more);
    clients.set(hub, client);
    return client;
  }

  return {
    send: (sequences, given) =>
      whileConnected(given, (signal) =>
        eachAtMost(AT_ONCE, sequences, async ({ hub, key, bodies }) => {
          for (const body of bodies) {
            signal.throwIfAborted();
            await clientOf(hub).sendBatch([{ body, contentType: 'application/json' }], { partitionKey: key });
          }
        }),
      ),
    probe: (hubs, given) =>
      whileConnected(given, async (signal) => {
        // How large a batch may be is what the hub says when a link for sending is opened.
        for (const hub of hubs) {
          signal.throwIfAborted();
          await clientOf(hub).createBatch();
        }
      }),
    async discard() {
      const closing = [...clients.values()];
      clients.clear();
      await Promise.all(closing.map((client) => client.close().catch(() => undefined)));
    },
  };
}

function socketClass({ namespace, ca, context, heard }: TransportOptions, closed: () => void) {
  const { host, port, secure } = namespace;
  return class {
    readonly url = `${host}:${port}`;
    onopen: () => void = () => undefined;
    onmessage: (event: { readonly data: Buffer }) => void = () => undefined;
    onclose: () => void = () => undefined;
    onerror: (error: Error) => void = () => undefined;
    readonly #socket;

    constructor() {
      this.#socket = guardedSocket(host, port, { secure, ca, context }, () => this.onopen());
      this.#socket.setNoDelay(true);
      this.#socket.on('data', (data) => this.onmessage({ data }));
      this.#socket.on('close', (failed) => {
        if (!failed) heard(Object.assign(new Error('closed by the peer'), { code: 'ECONNRESET' }));
        closed();
        this.onclose();
      });
      this.#socket.on('error', (error) => {
        heard(error);
        this.onerror(error);
      });
    }

    send(data: Uint8Array): void {
      this.#socket.write(data);
    }

    close(): void {
      this.#socket.end();
    }
  };
}
