/**
 * A peer that speaks AMQP 1.0 as Event Hubs does, on loopback: Microsoft's own emulator is only to be had as a container image. Built with `rhea`, the
 * protocol library beneath the Azure SDK, it has what the SDK's producers and consumers ask for: tokens put to `$cbs`, hub properties at `$management`,
 * links for sending with a partition key and for reading by partition and offset.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import rhea, { type Connection, type EventContext, type Message, type Sender } from 'rhea';
import type { Issued } from './certificates.ts';

const PARTITIONS = 4;
/** What a batch of messages is marked with; the body's sections are messages. */
const BATCH_FORMAT = 0x80013700;

export interface StoredMessage {
  readonly partitionKey: string;
  readonly body: Buffer;
}

export interface EventHubsPeer {
  readonly port: number;
  /** With the right to send and to listen, over plain TCP as to an emulator, or over TLS. */
  connectionString(key?: string): string;
  readonly messages: (hub: string) => readonly StoredMessage[];
  /** The next transfers are answered with this condition instead of being taken. */
  refuse(condition: string, times: number): void;
  /** The next transfers are taken, and the connection broken instead of an answer. */
  loseAnswers(times: number): void;
  stop(): Promise<void>;
}

export interface EventHubsPeerOptions {
  readonly hubs: readonly string[];
  readonly key: string;
  readonly tls?: Issued;
  readonly maxMessageBytes?: number;
}

export async function startEventHubsPeer(options: EventHubsPeerOptions): Promise<EventHubsPeer> {
  const container = rhea.create_container();
  const hubs = new Map(
    options.hubs.map((hub) => [hub, Array.from({ length: PARTITIONS }, (): StoredMessage[] => [])]),
  );
  const authorized = new Set<Connection>();
  let refusal = { condition: '', times: 0 };
  let lost = 0;

  const reply = (context: EventContext, message: Message) => {
    const request = context.message;
    const sender = repliesOf(context.connection).get(String(request?.reply_to));
    const correlation = request?.message_id;
    sender?.send({ ...message, ...(correlation === undefined ? {} : { correlation_id: correlation }) });
  };
  const replies = new Map<Connection, Map<string, Sender>>();
  const repliesOf = (connection: Connection) => {
    const known = replies.get(connection) ?? new Map<string, Sender>();
    replies.set(connection, known);
    return known;
  };

  function putToken(context: EventContext): void {
    const ok = isSignedWith(String(context.message?.body), options.key);
    if (ok) authorized.add(context.connection);
    reply(context, {
      application_properties: ok
        ? { 'status-code': 202, 'status-description': 'Accepted' }
        : {
            'status-code': 401,
            'status-description': 'InvalidSignature: The token has an invalid signature.',
          },
      body: undefined,
    });
  }

  function manage(context: EventContext): void {
    const asked = context.message?.application_properties ?? {};
    const partitions = hubs.get(String(asked.name));
    const status = (code: number) => ({
      'status-code': code,
      'status-description': code === 200 ? 'OK' : 'Not found',
    });
    if (partitions === undefined) {
      reply(context, { application_properties: status(404), body: undefined });
      return;
    }
    const index = Number(asked.partition);
    const stored = partitions[index] ?? [];
    reply(context, {
      application_properties: status(200),
      body:
        asked.type === 'com.microsoft:partition'
          ? {
              name: asked.name,
              type: asked.type,
              partition: asked.partition,
              begin_sequence_number: 0,
              last_enqueued_sequence_number: stored.length - 1,
              last_enqueued_offset: String(stored.length - 1),
              last_enqueued_time_utc: new Date(0),
              is_partition_empty: stored.length === 0,
            }
          : {
              name: asked.name,
              type: asked.type,
              created_at: new Date(0),
              partition_count: PARTITIONS,
              partition_ids: partitions.map((_, id) => String(id)),
            },
    });
  }

  function take(context: EventContext, hub: string): void {
    if (refusal.times > 0) {
      refusal = { ...refusal, times: refusal.times - 1 };
      context.delivery?.reject({ condition: refusal.condition, description: 'The request was refused.' });
      return;
    }
    for (const message of messagesIn(context)) {
      const partitionKey = String(message.message_annotations?.['x-opt-partition-key'] ?? '');
      const partition = hubs.get(hub)?.[partitionOf(partitionKey)];
      partition?.push({ partitionKey, body: bodyOf(message) });
    }
    if (lost > 0) {
      lost -= 1;
      context.connection.close({
        condition: 'amqp:connection:forced',
        description: 'The connection was broken.',
      });
      return;
    }
    context.delivery?.accept();
  }

  container.sasl_server_mechanisms.enable_anonymous();
  container.options.receiver_options = { autoaccept: false, credit_window: 200 };
  container.on('receiver_open', (context: EventContext) => {
    const receiver = context.receiver;
    const address = String(receiver?.target?.address ?? '');
    receiver?.set_target({ address });
    if (address === '$cbs' || address.endsWith('$management')) return;
    if (!authorized.has(context.connection))
      receiver?.close({
        condition: 'amqp:unauthorized-access',
        description: "Unauthorized access. 'Send' claim(s) are required.",
      });
    else if (!hubs.has(address))
      receiver?.close({
        condition: 'amqp:not-found',
        description: `The messaging entity ${address} could not be found.`,
      });
  });
  container.on('sender_open', (context: EventContext) => {
    const sender = context.sender;
    if (!sender) return;
    const address = String(sender.source?.address ?? '');
    sender.set_source({ address });
    if (address === '$cbs' || address.endsWith('$management')) {
      // Asked for by the address of its other end, or by its name where that has none.
      repliesOf(context.connection).set(sender.target?.address ?? sender.name, sender);
      return;
    }
    const [, hub = '', partition = ''] =
      /^(.+)\/ConsumerGroups\/[^/]+\/Partitions\/(\d+)$/.exec(address) ?? [];
    const stored = hubs.get(hub)?.[Number(partition)];
    if (stored === undefined || !authorized.has(context.connection)) {
      sender.close({
        condition: 'amqp:not-found',
        description: `The messaging entity ${address} could not be found.`,
      });
      return;
    }
    stored.forEach(({ partitionKey, body }, offset) => {
      sender.send({
        body: rhea.message.data_section(body),
        message_annotations: {
          'x-opt-partition-key': partitionKey,
          'x-opt-offset': String(offset),
          'x-opt-sequence-number': offset,
          'x-opt-enqueued-time': new Date(0),
        },
      });
    });
  });
  container.on('message', (context: EventContext) => {
    const address = String(context.receiver?.target?.address ?? '');
    if (address === '$cbs') {
      context.delivery?.accept();
      putToken(context);
    } else if (address.endsWith('$management')) {
      context.delivery?.accept();
      manage(context);
    } else take(context, address);
  });
  for (const event of ['disconnected', 'connection_close'])
    container.on(event, ({ connection }: EventContext) => {
      authorized.delete(connection);
      replies.delete(connection);
    });
  for (const event of [
    'connection_error',
    'session_error',
    'sender_error',
    'receiver_error',
    'error',
    'protocol_error',
  ])
    container.on(event, () => undefined);

  const server = container.listen({
    host: '127.0.0.1',
    port: 0,
    max_frame_size: 65_536,
    ...(options.tls ? { transport: 'tls', cert: options.tls.certificate, key: options.tls.key } : {}),
    receiver_options: {
      autoaccept: false,
      credit_window: 200,
      max_message_size: options.maxMessageBytes ?? 1_048_576,
    },
  });
  await new Promise<void>((done) => {
    if (server.listening) done();
    else server.once('listening', () => done());
  });
  const { port } = server.address() as AddressInfo;
  const connections = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });

  return {
    port,
    connectionString: (key = options.key) =>
      `Endpoint=sb://localhost/;SharedAccessKeyName=both;SharedAccessKey=${key}${options.tls ? '' : ';UseDevelopmentEmulator=true'}`,
    messages: (hub) => (hubs.get(hub) ?? []).flat(),
    refuse(condition, times) {
      refusal = { condition, times };
    },
    loseAnswers(times) {
      lost = times;
    },
    async stop() {
      for (const connection of connections) connection.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

function partitionOf(key: string): number {
  let hash = 0;
  for (const byte of Buffer.from(key)) hash = (hash * 31 + byte) % 65_521;
  return hash % PARTITIONS;
}

/** The messages of a transfer: itself, or those that a batch holds, which have the partition key that the batch has. */
function messagesIn(context: EventContext): Message[] {
  const message: unknown = context.message;
  // A transfer of a format that is not the standard's own is handed on as it came.
  if (!Buffer.isBuffer(message)) return context.message === undefined ? [] : [context.message];
  if (context.delivery === undefined || Reflect.get(context.delivery, 'format') !== BATCH_FORMAT) return [];
  const batch = rhea.message.decode(message);
  const annotations = batch.message_annotations;
  return sectionsOf(batch).map((section) => {
    const { body } = rhea.message.decode(section);
    return { body, ...(annotations === undefined ? {} : { message_annotations: annotations }) };
  });
}

function sectionsOf(message: unknown): Buffer[] {
  const body: unknown =
    typeof message === 'object' && message !== null ? Reflect.get(message, 'body') : undefined;
  const content: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'content') : body;
  return (Array.isArray(content) ? content : [content]).filter((one): one is Buffer => Buffer.isBuffer(one));
}

const bodyOf = (message: Message): Buffer => Buffer.concat(sectionsOf(message));

/** A shared access signature: HMAC-SHA256 of the resource and the end of its time, which must be to come. */
function isSignedWith(token: string, key: string): boolean {
  const parts = new URLSearchParams(token.replace(/^SharedAccessSignature /, ''));
  const [resource, signature, end] = [parts.get('sr') ?? '', parts.get('sig') ?? '', parts.get('se') ?? ''];
  const expected = createHmac('sha256', key)
    .update(`${encodeURIComponent(resource)}\n${end}`)
    .digest();
  const given = Buffer.from(signature, 'base64');
  return (
    given.length === expected.length && timingSafeEqual(given, expected) && Number(end) * 1_000 > Date.now()
  );
}
