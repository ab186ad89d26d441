/**
 * Makes a client ask before it connects. Brokers are named by the cluster, not by the settings, so every one is asked for when a connection to it is
 * wanted: over TLS by the lookup of the socket itself, without TLS by connecting to the very address that was asked for.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Broker, type Connection, type ConnectionPool, UserError } from '@platformatic/kafka';
import { DeliveryError, type DestinationContext } from '../destination.ts';
import { askForAddress } from '../guarded-lookup.ts';
import { kafkaFault } from './kafka-fault.ts';

type Done = (error: Error | null, connection?: Connection) => void;

/** @param heard what a connection tells of itself while nobody waits for it, as a peer's refusal of our certificate */
export function guardPool(
  pool: ConnectionPool,
  secure: boolean,
  mayConnect: DestinationContext['mayConnect'],
  heard: (error: Error) => void,
): void {
  const connect = pool.get.bind(pool);
  /** Addresses that names were connected by. */
  const vetted = new Map<string, Broker>();

  async function connected(broker: Broker): Promise<Connection> {
    const name = `${broker.host}:${broker.port}`;
    const known = vetted.get(name);
    if (known !== undefined && pool.getEstablishedConnection(known)?.isConnected()) return connect(known);
    askForAddress(broker.host, mayConnect);
    if (secure || isIP(broker.host) !== 0) {
      const connection = await connect(broker);
      vetted.set(name, broker);
      return connection;
    }
    let failure: unknown;
    for (const address of await addressesOf(broker.host)) {
      try {
        mayConnect(broker.host, address);
        const direct = { ...broker, host: address };
        const connection = await connect(direct);
        vetted.set(name, direct);
        return connection;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  // Always listened to: an error that nobody hears ends the process, and a connection may tell of a second one.
  pool.on('connecting', ({ connection }) => connection.on('error', heard));
  const guarded = (broker: Broker, done?: Done): Promise<Connection> | undefined => {
    const connection = connected(broker).catch((error: unknown) => {
      // So wrapped, the client does not try again: what is refused now is refused in a moment too, and may lock the user out.
      const { fault, message } = kafkaFault(error, broker.host);
      throw fault === 'unreachable'
        ? error
        : new UserError(message, error instanceof Error ? { cause: error } : {});
    });
    if (done === undefined) return connection;
    connection.then(
      (got) => done(null, got),
      (error: Error) => done(error),
    );
    return undefined;
  };
  pool.get = guarded as ConnectionPool['get'];
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new DeliveryError('unreachable', `The name ${host} is not known.`, { cause });
  }
}
