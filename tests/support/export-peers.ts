/** Real places that exports go to, as fault tests and the bench see them: what is there, and how they are taken away and brought back. */
import { BlobServiceClient } from '@azure/storage-blob';
import { startAzurite } from './azurite.ts';
import { startKafka } from './kafka-broker.ts';
import { createTopic, readTopic } from './kafka-topics.ts';
import { startWebhookReceiver, WEBHOOK_SECRET, type WebhookReceiver } from './webhook-receiver.ts';

export interface ExportPeer {
  readonly name: string;
  readonly destination: { readonly kind: string; readonly settings: Readonly<Record<string, unknown>> };
  /** Ids of the records that are there, in the order in which a reader finds them; of one device in the order in which they came. */
  ids(): Promise<string[]>;
  /** Ends it without warning, where it can be. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function webhookPeer(): Promise<ExportPeer> {
  let receiver: WebhookReceiver = await startWebhookReceiver({ keep: false });
  const { port, url } = receiver;
  // Kept here, since it outlives the receiver.
  const ids: string[] = [];
  const listen = () => {
    receiver.answer = ({ records }) => {
      for (const { _RecordId } of records) ids.push(_RecordId);
      return null;
    };
  };
  listen();
  return {
    name: 'webhook',
    destination: { kind: 'webhook', settings: { url, allowHttp: true, secret: WEBHOOK_SECRET } },
    ids: async () => ids,
    kill: () => receiver.close(),
    async restart() {
      receiver = await startWebhookReceiver({ keep: false, port });
      listen();
    },
    stop: () => receiver.close(),
  };
}

export async function kafkaPeer(): Promise<ExportPeer> {
  const broker = await startKafka();
  const topic = 'events';
  await createTopic(broker.plaintext, topic);
  return {
    name: 'Kafka',
    destination: {
      kind: 'kafka',
      settings: { brokers: [broker.plaintext], topic, encryption: 'none', compression: 'lz4' },
    },
    ids: async () => (await readTopic(broker.plaintext, topic)).map(({ value }) => idIn(value)),
    kill: () => broker.kill(),
    restart: () => broker.restart(),
    stop: () => broker.stop(),
  };
}

export async function azuritePeer(): Promise<ExportPeer> {
  const azurite = await startAzurite();
  const { connectionString } = azurite;
  return {
    name: 'Azurite',
    destination: {
      kind: 'azureStorage',
      settings: { authentication: 'connectionString', connectionString, allowHttp: true },
    },
    async ids() {
      const service = BlobServiceClient.fromConnectionString(connectionString);
      const ids: string[] = [];
      for await (const { name } of service.listContainers()) {
        const container = service.getContainerClient(name);
        for await (const blob of container.listBlobsFlat()) {
          const bytes = await container.getBlobClient(blob.name).downloadToBuffer();
          // Line by line: a whole blob may be longer than a string can be.
          for (let from = 0, to = 0; from < bytes.length; from = to + 2) {
            to = bytes.indexOf('\r\n', from);
            if (to < 0) break;
            const line = bytes.toString('utf8', from, to);
            ids.push(idIn(line));
          }
        }
      }
      return ids;
    },
    kill: () => azurite.halt(),
    restart: () => azurite.restart(),
    stop: () => azurite.stop(),
  };
}

function idIn(record: string): string {
  const id = /"_RecordId":"([^"]+)"/.exec(record)?.[1];
  if (id === undefined) throw new Error(`no record: ${record.slice(0, 200)}`);
  return id;
}
