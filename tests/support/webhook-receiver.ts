/** A receiver of webhooks that keeps what it is sent, and fails when it is told to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';

export interface ReceivedRecord {
  readonly time: string;
  readonly tenantId: string;
  readonly category: string;
  readonly _RecordId: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into rows of every table
  readonly properties: Readonly<Record<string, any>>;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly port: number;
  /** In the order in which they came. */
  readonly records: ReceivedRecord[];
  /** Ids, and how often each came. */
  readonly times: Map<string, number>;
  /** Answers instead of 204; null: takes everything. */
  answer:
    | ((body: {
        records: ReceivedRecord[];
      }) => { status: number; headers?: Record<string, string> } | 'hang' | null)
    | null;
  requests: number;
  forget(): void;
  close(): Promise<void>;
}

/** `keep`: false counts ids alone, for tests with many records. */
export async function startWebhookReceiver(
  options: { port?: number; keep?: boolean } = {},
): Promise<WebhookReceiver> {
  const server = createServer((request: IncomingMessage, reply: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      const body = JSON.parse(plain.toString('utf8')) as { records: ReceivedRecord[] };
      receiver.requests += 1;
      const answer = receiver.answer?.(body) ?? null;
      if (answer === 'hang') return;
      if (answer !== null && answer.status > 299) {
        reply.writeHead(answer.status, answer.headers).end();
        return;
      }
      for (const record of body.records) {
        receiver.times.set(record._RecordId, (receiver.times.get(record._RecordId) ?? 0) + 1);
        if (options.keep !== false) receiver.records.push(record);
      }
      reply.writeHead(204).end();
    });
  });
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    records: [],
    times: new Map(),
    answer: null,
    requests: 0,
    forget() {
      receiver.records.length = 0;
      receiver.times.clear();
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return receiver;
}

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
