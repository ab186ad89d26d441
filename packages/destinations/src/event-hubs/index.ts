/** Azure Event Hubs: messages `{"records":[…]}` to a hub for each table, or to one; the device is the partition key. */

import { entraFault } from '../azure/azure-fault.ts';
import { entraIdentity } from '../azure/entra-identity.ts';
import { guardedAgents } from '../azure/guarded-agents.ts';
import { connectionFault } from '../connection-fault.ts';
import {
  DeliveryError,
  type Destination,
  type DestinationContext,
  type DestinationKind,
} from '../destination.ts';
import { kafkaFault } from '../kafka/kafka-fault.ts';
import { amqpFault } from './amqp-fault.ts';
import { amqpTransport } from './amqp-transport.ts';
import { envelopes } from './envelopes.ts';
import { kafkaTransport } from './kafka-transport.ts';
import { check, hubOf, namespaceOf, Settings, secrets } from './settings.ts';

export const eventHubs: DestinationKind<Settings> = {
  name: 'eventHubs',
  title: 'Azure Event Hubs',
  settings: Settings,
  secrets,
  // A message holds what came of one device, and is billed and counted as one.
  wants: { rows: 5_000, bytes: 1024 * 1024, waitMs: 100 },
  check,
  open,
};

async function open(settings: Settings, context: DestinationContext): Promise<Destination> {
  const namespace = namespaceOf(settings);
  const agents = guardedAgents(context, settings.ca);
  const { authentication, connectionString = '' } = settings;
  const maxMessageBytes = settings.maxMessageBytes ?? 1_000_000;
  let heard: Error | undefined;
  const transport = await (settings.transport === 'kafka' ? kafkaTransport : amqpTransport)({
    namespace,
    identity:
      authentication === 'connectionString'
        ? { connectionString }
        : { credential: await entraIdentity(authentication, settings, agents) },
    ca: settings.ca,
    context,
    maxMessageBytes,
    heard: (error) => {
      heard = error;
    },
  });
  const where = `${namespace.host}:${namespace.port}`;

  async function run(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    signal.throwIfAborted();
    heard = undefined;
    agents.forget();
    try {
      await work();
    } catch (error) {
      transport.discard().catch(() => undefined);
      if (signal.aborted) throw signal.reason;
      throw faultOf(error);
    }
  }

  /** Without a cause: what the clients throw may hold what they were given. */
  function faultOf(error: unknown): DeliveryError {
    if (error instanceof DeliveryError) return error;
    const noToken = error instanceof Error ? entraFault(error) : undefined;
    if (noToken !== undefined) return agents.heard ?? noToken;
    const told = amqpFault(error, where) ?? shown(kafkaFault(error, where));
    return told.fault === 'unreachable' && heard !== undefined ? shown(connectionFault(heard, where)) : told;
  }

  return {
    async deliver(records, signal) {
      const sequences = envelopes(records, (table) => hubOf(namespace.hub, table), maxMessageBytes);
      await run(signal, () => transport.send(sequences, signal));
      return {
        bytes: sequences.reduce(
          (sum, { bodies }) => sum + bodies.reduce((all, body) => all + body.length, 0),
          0,
        ),
      };
    },
    async probe(signal, tables = []) {
      const hubs =
        namespace.hub === undefined ? tables.map((table) => hubOf(undefined, table)) : [namespace.hub];
      await run(signal, () => transport.probe(hubs, signal));
    },
    async close() {
      await transport.discard();
      agents.close();
    },
  };
}

const shown = ({ fault, message, retryAfterMs }: DeliveryError): DeliveryError =>
  new DeliveryError(fault, message, { retryAfterMs });
