/** Against a real Apache Kafka; read back by a consumer. */
import { createServer, type Server } from 'node:https';
import { DeliveryError, type Destination, destinationKinds, type ExportRecord } from '@merlon/destinations';
import { forbiddenContext, openContext, record, refusedPort, signal } from '@merlon/destinations/testing';
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateAuthority } from '../support/certificates.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { createTopic, readTopic } from '../support/kafka-topics.ts';

const SECRET = 'a-secret-nobody-may-see';

let broker: KafkaBroker;
let tokenServer: Server;
let tokenUrl: string;

const kind = destinationKinds.find(({ name }) => name === 'kafka');
const open = async (settings: object, context = openContext()): Promise<Destination> => {
  if (!kind) throw new Error('there is no kind kafka');
  kind.check(settings, ['DeviceProcessEvents', 'DeviceFileEvents']);
  return kind.open(settings, context);
};
const records = (from: number, to: number, table?: string): ExportRecord[] =>
  Array.from({ length: to - from }, (_, index) => record(from + index, {}, table));

const plain = (topic: string) => ({ brokers: [broker.plaintext], topic, encryption: 'none' });
const overSasl = (topic: string, login: object) => ({
  brokers: [broker.saslTls],
  topic,
  ca: broker.authority.ca,
  ...login,
});

async function failure(work: Promise<unknown>): Promise<DeliveryError> {
  const error: unknown = await work.then(
    () => undefined,
    (why: unknown) => why,
  );
  if (!(error instanceof DeliveryError)) throw new Error('not refused by name', { cause: error });
  expect(error.message).not.toContain(SECRET);
  return error;
}

beforeAll(async () => {
  broker = await startKafka({
    plainUsers: { merlon: SECRET },
    scramUsers: { merlon: SECRET, reader: SECRET },
  });
  const trusted = broker.authority.issue('localhost', ['DNS:localhost', 'IP:127.0.0.1']);
  tokenServer = createServer({ cert: trusted.certificate, key: trusted.key }, (request, answer) => {
    const basic = Buffer.from(`merlon:${SECRET}`).toString('base64');
    if (request.headers.authorization !== `Basic ${basic}`) {
      answer.writeHead(401).end('{"error":"invalid_client"}');
      return;
    }
    // One path gives a token that is over already.
    broker.bearerToken('merlon', request.url === '/expired' ? -600 : 300).then((token) => {
      answer.writeHead(200).end(JSON.stringify({ access_token: token, expires_in: 300 }));
    });
  });
  await new Promise<void>((done) => tokenServer.listen(0, '127.0.0.1', done));
  const address = tokenServer.address();
  tokenUrl = `https://localhost:${typeof address === 'object' ? address?.port : 0}`;
});
afterAll(async () => {
  tokenServer?.close();
  await broker?.stop();
});

describe('records in Kafka', () => {
  it('are messages with their id, by table and in order for each device', async () => {
    await createTopic(broker.plaintext, 'merlon.deviceprocessevents', { partitions: 5 });
    await createTopic(broker.plaintext, 'merlon.devicefileevents', { partitions: 2 });
    const destination = await open({ ...plain('merlon.{table_lower}'), maxBatchBytes: 4_096 });
    const sent = [...records(0, 100), ...records(100, 130, 'DeviceFileEvents'), ...records(130, 200)];
    await destination.probe(signal(), ['DeviceProcessEvents', 'DeviceFileEvents']);
    const { bytes } = await destination.deliver(sent, signal());
    await destination.close();
    expect(bytes).toBe(sent.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0));

    for (const table of ['DeviceProcessEvents', 'DeviceFileEvents']) {
      const expected = sent.filter((one) => one.table === table);
      const messages = await readTopic(broker.plaintext, `merlon.${table.toLowerCase()}`);
      expect(messages).toHaveLength(expected.length);
      for (const key of new Set(expected.map((one) => one.key))) {
        const ofDevice = messages.filter((message) => message.key === key);
        expect(new Set(ofDevice.map(({ partition }) => partition)).size).toBe(1);
        const wanted = expected.filter((one) => one.key === key);
        expect(ofDevice.map(({ value }) => value)).toEqual(wanted.map(({ json }) => json));
        expect(ofDevice.map(({ headers }) => headers)).toEqual(
          wanted.map(({ id }) => ({ 'record-id': id, table })),
        );
      }
    }
  });

  it.each(['none', 'gzip', 'snappy', 'lz4'])('are read back when compressed with %s', async (compression) => {
    const topic = `compressed-${compression}`;
    await createTopic(broker.plaintext, topic);
    const destination = await open({ ...plain(topic), compression });
    await destination.deliver(records(0, 500), signal());
    await destination.close();
    const messages = await readTopic(broker.plaintext, topic);
    expect(messages.map(({ value }) => value).sort()).toEqual(
      records(0, 500)
        .map(({ json }) => json)
        .sort(),
    );
  });

  it('arrive once, whole and in order, though the broker is killed between and during calls', async () => {
    await createTopic(broker.plaintext, 'killed', { partitions: 4 });
    const destination = await open({ ...plain('killed'), maxBatchBytes: 10_000 });
    let failures = 0;
    for (let from = 0; from < 2_000; from += 100) {
      const batch = records(from, from + 100);
      if (from === 600) await broker.kill();
      const restarting = from === 600 ? broker.restart() : undefined;
      for (;;) {
        const first = destination.deliver(batch, signal());
        // Killed while the call is on its way.
        const killing =
          from === 1_200 && failures < 100 ? broker.kill().then(() => broker.restart()) : undefined;
        const done = await first.then(
          () => true,
          (error: unknown) => {
            if (error instanceof DeliveryError && error.fault === 'unreachable') return false;
            throw error;
          },
        );
        await Promise.all([killing, restarting]);
        if (done) break;
        failures += killing === undefined ? 1 : 100;
      }
    }
    await destination.close();
    const messages = await readTopic(broker.plaintext, 'killed');
    const ids = messages.map(({ headers }) => headers['record-id'] ?? '');
    expect(new Set(ids)).toEqual(new Set(records(0, 2_000).map(({ id }) => id)));
    // At most one batch again for each of the two faults.
    expect(ids.length).toBeLessThanOrEqual(2_200);
    for (const key of new Set(messages.map((message) => message.key))) {
      const seen = [...new Set(ids.filter((id) => id.startsWith(key)))];
      expect(seen).toEqual(
        records(0, 2_000)
          .filter((one) => one.key === key)
          .map(({ id }) => id),
      );
    }
  });
});

describe('the way to Kafka', () => {
  beforeAll(() => createTopic(broker.plaintext, 'ways'));

  it.each([
    ['PLAIN', {}],
    ['SCRAM-SHA-256', {}],
    ['SCRAM-SHA-512', {}],
  ])('is opened by %s over TLS', async (saslMechanism) => {
    const destination = await open(overSasl('ways', { saslMechanism, username: 'merlon', password: SECRET }));
    await destination.probe(signal(), []);
    await destination.deliver(records(0, 3), signal());
    await destination.close();
  });

  it('is opened by OAUTHBEARER', async () => {
    const destination = await open(
      overSasl('ways', { saslMechanism: 'OAUTHBEARER', tokenUrl, clientId: 'merlon', clientSecret: SECRET }),
    );
    await destination.deliver(records(0, 3), signal());
    await destination.close();
  });

  it('is opened by a client certificate', async () => {
    const client = broker.authority.issue('merlon');
    const destination = await open({
      brokers: [broker.mutualTls],
      topic: 'ways',
      ca: broker.authority.ca,
      clientCertificate: client.certificate,
      clientKey: client.key,
    });
    await destination.deliver(records(0, 3), signal());
    await destination.close();
  });
});

describe('what goes wrong', () => {
  beforeAll(async () => {
    await createTopic(broker.plaintext, 'faults');
    await createTopic(broker.plaintext, 'small', { partitions: 1, configs: { 'max.message.bytes': '2000' } });
    await createTopic(broker.plaintext, 'closed');
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.plaintext] });
    await admin.createAcls({
      creations: [
        {
          resourceType: ResourceTypes.TOPIC,
          resourceName: 'closed',
          resourcePatternType: ResourcePatternTypes.LITERAL,
          principal: 'User:reader',
          host: '*',
          operation: AclOperations.WRITE,
          permissionType: AclPermissionTypes.DENY,
        },
        {
          resourceType: ResourceTypes.TOPIC,
          resourceName: 'closed',
          resourcePatternType: ResourcePatternTypes.LITERAL,
          principal: 'User:*',
          host: '*',
          operation: AclOperations.DESCRIBE,
          permissionType: AclPermissionTypes.ALLOW,
        },
      ],
    });
    await admin.close();
  });

  const scram = (topic: string, username = 'merlon', password = SECRET) =>
    overSasl(topic, { saslMechanism: 'SCRAM-SHA-512', username, password });
  const delivered = async (settings: object, sent = records(0, 2), context = openContext()) => {
    const destination = await open(settings, context);
    try {
      return await failure(destination.deliver(sent, signal()));
    } finally {
      await destination.close();
    }
  };

  it.each([
    ['a wrong password', () => scram('faults', 'merlon', `${SECRET}-not`), 'credentials'],
    [
      'a wrong password with PLAIN',
      () => overSasl('faults', { saslMechanism: 'PLAIN', username: 'merlon', password: `${SECRET}-not` }),
      'credentials',
    ],
    [
      'a client that the token endpoint does not know',
      () =>
        overSasl('faults', {
          saslMechanism: 'OAUTHBEARER',
          tokenUrl,
          clientId: 'other',
          clientSecret: SECRET,
        }),
      'credentials',
    ],
    [
      'a token that is over',
      () =>
        overSasl('faults', {
          saslMechanism: 'OAUTHBEARER',
          tokenUrl: `${tokenUrl}/expired`,
          clientId: 'merlon',
          clientSecret: SECRET,
        }),
      'credentials',
    ],
    ['a topic that may not be written to', () => scram('closed', 'reader'), 'forbidden'],
    ['a topic that is not there', () => plain('absent'), 'missing'],
    [
      'an authority that is not trusted',
      () => ({ ...scram('faults'), ca: certificateAuthority('Other').ca }),
      'unreachable',
    ],
    [
      'no client certificate',
      () => ({ brokers: [broker.mutualTls], topic: 'faults', ca: broker.authority.ca }),
      'credentials',
    ],
    ['TLS where none is spoken', () => ({ brokers: [broker.plaintext], topic: 'faults' }), 'unreachable'],
    [
      'a host without an address',
      () => ({ ...plain('faults'), brokers: ['nowhere.invalid:9092'] }),
      'unreachable',
    ],
  ])('%s has a name', async (_, settings, fault) => {
    const error = await delivered(settings());
    expect([error.fault, error.message]).toEqual([fault, expect.any(String)]);
  });

  it('a port nobody listens at has a name', async () => {
    const error = await delivered({ ...plain('faults'), brokers: [`localhost:${await refusedPort()}`] });
    expect(error).toMatchObject({
      fault: 'unreachable',
      message: expect.stringContaining('refuses connections'),
    });
  });

  it('an address that the operator forbids is not connected to', async () => {
    for (const settings of [
      plain('faults'),
      scram('faults'),
      { ...plain('faults'), brokers: ['127.0.0.1:9092'] },
    ])
      expect(await delivered(settings, records(0, 1), forbiddenContext())).toMatchObject({
        fault: 'forbidden',
      });
  });

  it('a record that is larger than a message may be is refused, and nothing of the call is sent', async () => {
    const large = record(1, { Text: 'x'.repeat(5_000) });
    const error = await delivered({ ...plain('small'), maxBatchBytes: 4_000 }, [record(0), large]);
    expect(error).toMatchObject({ fault: 'refused', message: expect.stringContaining(large.id) });
    expect(await readTopic(broker.plaintext, 'small')).toEqual([]);
    // What only the topic knows.
    const destination = await open({ ...plain('small'), compression: 'none' });
    expect(await failure(destination.deliver([large], signal()))).toMatchObject({ fault: 'refused' });
    await destination.close();
  });

  it('a topic that takes less at once than the settings say gets smaller batches', async () => {
    const destination = await open({ ...plain('small'), compression: 'none' });
    const sent = records(0, 40);
    await destination.deliver(sent, signal());
    await destination.close();
    const ids = (await readTopic(broker.plaintext, 'small')).map(({ headers }) => headers['record-id']);
    expect(new Set(ids)).toEqual(new Set(sent.map(({ id }) => id)));
  });

  it('a call that is given up ends with the reason that was given', async () => {
    const destination = await open(plain('faults'));
    const reason = new Error('enough');
    await expect(destination.deliver(records(0, 2), AbortSignal.abort(reason))).rejects.toBe(reason);
    await destination.deliver(records(0, 2), signal());
    await destination.close();
  });
});
