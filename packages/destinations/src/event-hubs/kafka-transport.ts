/**
 * The Kafka endpoint of a namespace. It speaks versions of the protocol (Metadata up to 5) that the client of the `kafka` kind has left behind, so
 * another client is used here; see docs/decisions/2026-11-25-streaming.md.
 */
import type { Kafka, Producer, SASLOptions } from 'kafkajs';
import { partitionRounds } from '../kafka/partition-rounds.ts';
import { untilAborted } from '../until-aborted.ts';
import { guardedSocket } from './guarded-socket.ts';
import type { Transport, TransportOptions } from './transport.ts';

const CONNECT_MS = 10_000;
const ACKNOWLEDGE_MS = 30_000;

export async function kafkaTransport(options: TransportOptions): Promise<Transport> {
  const { Kafka, logLevel, Partitioners } = (await import('kafkajs')).default;
  const { namespace, ca, context, heard } = options;
  const cluster: Kafka = new Kafka({
    clientId: 'merlon',
    brokers: [`${namespace.host}:${namespace.port}`],
    ssl: namespace.secure,
    sasl: saslOf(options),
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: CONNECT_MS,
    requestTimeout: ACKNOWLEDGE_MS,
    logLevel: logLevel.NOTHING,
    retry: { retries: 2, initialRetryTime: 200 },
    socketFactory: ({ host, port, onConnect }) => {
      try {
        const socket = guardedSocket(host, port, { secure: namespace.secure, ca, context }, onConnect);
        socket.on('error', heard);
        return socket;
      } catch (error) {
        if (error instanceof Error) heard(error);
        throw error;
      }
    },
  });
  let current: Producer | undefined;

  async function producer(): Promise<Producer> {
    if (current !== undefined) return current;
    current = cluster.producer({
      allowAutoTopicCreation: false,
      // Order of each device: nothing is sent before what came earlier is acknowledged.
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { retries: 2, initialRetryTime: 200 },
    });
    await current.connect();
    return current;
  }

  return {
    async send(sequences, signal) {
      const messages = sequences.flatMap(({ hub, key, bodies }) =>
        // Which partition a message goes to is the client's to know, so a round is bounded for all of a hub.
        bodies.map((value) => ({
          topic: hub,
          partition: 0,
          size: value.length + key.length + 128,
          key,
          value,
        })),
      );
      const sending = async () => {
        const client = await producer();
        for (const round of partitionRounds(messages, options.maxMessageBytes)) {
          signal.throwIfAborted();
          const topics = byTopic(round);
          await client.sendBatch({
            acks: -1,
            timeout: ACKNOWLEDGE_MS,
            topicMessages: [...topics].map(([topic, list]) => ({
              topic,
              messages: list.map(({ key, value }) => ({ key, value })),
            })),
          });
        }
      };
      await untilAborted(sending(), signal);
    },
    async probe(hubs, signal) {
      const asking = async () => {
        const admin = cluster.admin();
        try {
          await admin.connect();
          // Asked for all, an endpoint would have to tell of hubs that are not ours.
          if (hubs.length > 0) await admin.fetchTopicMetadata({ topics: [...hubs] });
        } finally {
          await admin.disconnect().catch(() => undefined);
        }
      };
      await untilAborted(asking(), signal);
    },
    async discard() {
      const closing = current;
      current = undefined;
      await closing?.disconnect().catch(() => undefined);
    },
  };
}

function saslOf({ identity, namespace }: TransportOptions): SASLOptions {
  if ('connectionString' in identity)
    return { mechanism: 'plain', username: '$ConnectionString', password: identity.connectionString };
  return {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => {
      const token = await identity.credential.getToken(`https://${namespace.host}/.default`);
      return { value: token?.token ?? '' };
    },
  };
}

function byTopic<T extends { readonly topic: string }>(messages: readonly T[]): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const message of messages) {
    const list = topics.get(message.topic);
    if (list === undefined) topics.set(message.topic, [message]);
    else list.push(message);
  }
  return topics;
}
