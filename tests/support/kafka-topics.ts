/** Topics of a test's broker: made, and read from beginning to end. */
import { randomUUID } from 'node:crypto';
import { Admin, Consumer } from '@platformatic/kafka';

export interface ReadMessage {
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export async function createTopic(
  broker: string,
  topic: string,
  options: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker] });
  try {
    await admin.createTopics({
      topics: [topic],
      partitions: options.partitions ?? 3,
      replicas: 1,
      configs: Object.entries(options.configs ?? {}).map(([name, value]) => ({ name, value })),
    });
  } finally {
    await admin.close();
  }
}

/** Everything that is in the topic now, in order within each partition. */
export async function readTopic(broker: string, topic: string): Promise<ReadMessage[]> {
  const consumer = new Consumer({ clientId: 'test', groupId: randomUUID(), bootstrapBrokers: [broker] });
  try {
    const ends = (await consumer.listOffsets({ topics: [topic] })).get(topic) ?? [];
    const expected = Number(ends.reduce((sum, end) => sum + end, 0n));
    const messages: ReadMessage[] = [];
    if (expected === 0) return messages;
    const stream = await consumer.consume({
      topics: [topic],
      mode: 'earliest',
      autocommit: false,
      maxWaitTime: 100,
    });
    for await (const { partition, key, value, headers } of stream) {
      messages.push({
        partition,
        key: String(key),
        value: String(value),
        headers: Object.fromEntries([...headers].map(([name, text]) => [String(name), String(text)])),
      });
      if (messages.length === expected) break;
    }
    return messages;
  } finally {
    await consumer.close(true);
  }
}
