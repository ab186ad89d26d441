/**
 * Apache Kafka: every record is one message, keyed by what its order is kept by, acknowledged by all replicas in sync. The producer is idempotent, so
 * what the client sends again inside a call arrives once. After a call that failed a new producer begins: what the lost one left open cannot be known,
 * and a sequence number that is used for other records would make the broker drop them as repeats.
 */
import type { Producer } from '@platformatic/kafka';
import {
  DeliveryError,
  type Destination,
  type DestinationContext,
  type DestinationKind,
} from '../destination.ts';
import { guardedLookup } from '../guarded-lookup.ts';
import { tlsOptions } from '../tls-settings.ts';
import { untilAborted } from '../until-aborted.ts';
import { type TokenSource, tokenSource } from './bearer-token.ts';
import { isTooLarge, kafkaFault } from './kafka-fault.ts';
import { partitionRounds } from './partition-rounds.ts';
import { brokerOf, check, Settings, secrets, topicOf } from './settings.ts';

const CONNECT_MS = 10_000;
const ACKNOWLEDGE_MS = 30_000;
/** Leaders that change and connections that break are got over within a call; longer outages are the caller's. */
const RETRIES = 4;
const RETRY_MS = 250;
/** What a record takes in a batch beside its key, value and headers, at most. */
const RECORD_OVERHEAD = 64;

const ID_HEADER = Buffer.from('record-id');
const TABLE_HEADER = Buffer.from('table');

export const kafka: DestinationKind<Settings> = {
  name: 'kafka',
  title: 'Apache Kafka',
  settings: Settings,
  secrets,
  check,
  open,
};

async function open(settings: Settings, context: DestinationContext): Promise<Destination> {
  // Only now: a server without such a setting does not load the client.
  const { compatibilityPartitioner, Producer } = await import('@platformatic/kafka');
  const { guardPool } = await import('./guarded-pool.ts');
  const where = settings.brokers.join(', ');
  const secure = settings.encryption !== 'none';
  const tokens = tokensOf(settings, context);
  const maxBytes = settings.maxBatchBytes ?? 1_000_000;
  /** Less than `maxBytes` once the topic took no batch of that size. */
  let batchBytes = maxBytes;
  let current: Producer | undefined;
  /** The last that a connection told of itself. */
  let heard: Error | undefined;

  function producer(): Producer {
    if (current !== undefined) return current;
    current = new Producer({
      clientId: 'merlon',
      bootstrapBrokers: settings.brokers.map(brokerOf),
      idempotent: true,
      acks: -1,
      autocreateTopics: false,
      compression: settings.compression ?? 'lz4',
      connectTimeout: CONNECT_MS,
      requestTimeout: ACKNOWLEDGE_MS,
      timeout: ACKNOWLEDGE_MS,
      retries: RETRIES,
      retryDelay: RETRY_MS,
      ...(secure ? { tls: { ...tlsOptions(settings), lookup: guardedLookup(context.mayConnect) } } : {}),
      ...sasl(settings, tokens),
    });
    guardPool(current.connections, secure, context.mayConnect, (error) => {
      heard = error;
    });
    return current;
  }

  /** The connections go in their own time: a broker that is gone says no farewell. */
  function discard(): void {
    current?.close().catch(() => undefined);
    current = undefined;
  }

  async function run<T>(signal: AbortSignal, work: (producer: Producer) => Promise<T>): Promise<T> {
    heard = undefined;
    try {
      return await untilAborted(work(producer()), signal);
    } catch (error) {
      discard();
      throw signal.aborted ? signal.reason : kafkaFault(new AggregateError([error, heard]), where);
    }
  }

  return {
    async deliver(records, signal) {
      if (records.length === 0) return { bytes: 0 };
      const topics = new Map<string, string>();
      for (const { table } of records)
        if (!topics.has(table)) topics.set(table, topicOf(settings.topic, table));
      let bytes = 0;
      const messages = records.map((record) => {
        const key = Buffer.from(record.key);
        const value = Buffer.from(record.json);
        const headers = new Map([
          [ID_HEADER, Buffer.from(record.id)],
          [TABLE_HEADER, Buffer.from(record.table)],
        ]);
        const size = key.length + value.length + record.id.length + record.table.length + RECORD_OVERHEAD;
        if (size > maxBytes)
          throw new DeliveryError(
            'refused',
            `Record ${record.id} has ${size} bytes; the topic takes ${maxBytes}.`,
          );
        bytes += value.length;
        return { topic: topics.get(record.table) ?? '', partition: 0, key, value, headers, size };
      });
      await run(signal, async (client) => {
        const metadata = await client.metadata({ topics: [...new Set(topics.values())] });
        for (const message of messages) {
          const partitions = metadata.topics.get(message.topic)?.partitionsCount ?? 1;
          message.partition = compatibilityPartitioner(message, message.key) % partitions;
        }
        for (const round of partitionRounds(messages, batchBytes)) {
          signal.throwIfAborted();
          try {
            await producer().send({ messages: round });
          } catch (error) {
            if (!isTooLarge(error) || round.length === 1) throw error;
            // The topic takes less at once than the settings say. One by one it shows whether it takes every record.
            discard();
            for (const message of round) {
              signal.throwIfAborted();
              await producer().send({ messages: [message] });
            }
            batchBytes = Math.max(1_024, Math.ceil(batchBytes / 2));
          }
        }
      });
      return { bytes };
    },

    async probe(signal, tables = []) {
      const topics = [...new Set(tables.map((table) => topicOf(settings.topic, table)))];
      await run(signal, async (client) => {
        await client.metadata({
          topics: topics.length > 0 || settings.topic.includes('{') ? topics : [settings.topic],
          forceUpdate: true,
        });
        await client.initIdempotentProducer({});
      });
    },

    async close() {
      tokens?.close();
      const closing = current;
      current = undefined;
      await closing?.close().catch(() => undefined);
    },
  };
}

function tokensOf(settings: Settings, context: DestinationContext): TokenSource | undefined {
  const { saslMechanism, tokenUrl, clientId, clientSecret } = settings;
  if (saslMechanism !== 'OAUTHBEARER' || !tokenUrl || !clientId || !clientSecret) return undefined;
  return tokenSource({ ...settings, tokenUrl, clientId, clientSecret }, context);
}

function sasl(settings: Settings, tokens: TokenSource | undefined) {
  const { saslMechanism: mechanism, username, password } = settings;
  if (mechanism === undefined) return {};
  if (tokens === undefined)
    return { sasl: { mechanism, ...(username && password ? { username, password } : {}) } };
  return {
    sasl: {
      mechanism,
      token: () => tokens.token(),
      // RFC 7628, 3.2.2: a refusal comes as a text in an answer that is otherwise a success.
      authBytesValidator: (answer: Buffer, done: (error: Error | null, answer: Buffer) => void) => {
        if (answer.length === 0) done(null, answer);
        else done(new DeliveryError('credentials', 'The brokers do not accept the token.'), answer);
      },
    },
  };
}
