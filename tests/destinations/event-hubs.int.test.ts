/**
 * AMQP against a peer built with `rhea`, the library beneath the Azure SDK, since Microsoft's emulator is only to be had as a container image; read back
 * by the Azure SDK's consumer. The Kafka endpoint against a real Apache Kafka with the login that Event Hubs asks for.
 */
import {
  EventHubConsumerClient as Consumer,
  type EventHubConsumerClient,
  earliestEventPosition,
} from '@azure/event-hubs';
import { DeliveryError, type Destination, destinationKinds, type ExportRecord } from '@merlon/destinations';
import { forbiddenContext, openContext, record, refusedPort, signal } from '@merlon/destinations/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateAuthority } from '../support/certificates.ts';
import { type EventHubsPeer, startEventHubsPeer } from '../support/event-hubs-peer.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { createTopic, readTopic } from '../support/kafka-topics.ts';

const KEY = 'c2VjcmV0LW5vYm9keS1tYXktc2Vl';
const PROCESSES = 'insights-logs-advancedhunting-deviceprocessevents';
const FILES = 'insights-logs-advancedhunting-devicefileevents';
const TABLES = ['DeviceProcessEvents', 'DeviceFileEvents'];

const kind = destinationKinds.find(({ name }) => name === 'eventHubs');
const open = async (settings: object, context = openContext()): Promise<Destination> => {
  if (!kind) throw new Error('there is no kind eventHubs');
  kind.check(settings, TABLES);
  return kind.open(settings, context);
};
const records = (from: number, to: number, more: object = {}, table?: string): ExportRecord[] =>
  Array.from({ length: to - from }, (_, index) => record(from + index, { ...more }, table));

async function failure(work: Promise<unknown>): Promise<DeliveryError> {
  const error: unknown = await work.then(
    () => undefined,
    (why: unknown) => why,
  );
  if (!(error instanceof DeliveryError)) throw new Error('not refused by name', { cause: error });
  expect(error.message).not.toContain(KEY);
  expect(error.cause).toBeUndefined();
  return error;
}

/** The records of messages, and that every message is of one device, which is its key. */
function unwrapped(messages: readonly { readonly key: string; readonly value: string }[]): string[] {
  return messages.flatMap(({ key, value }) => {
    const envelope: { records: { properties: { DeviceId: string } }[] } = JSON.parse(value);
    expect(Object.keys(envelope)).toEqual(['records']);
    for (const one of envelope.records) expect(one.properties.DeviceId).toBe(key);
    return envelope.records.map((one) => JSON.stringify(one));
  });
}

/** Each device's records in order, whatever lies between them. */
function expectSame(found: readonly string[], sent: readonly ExportRecord[]): void {
  expect(found).toHaveLength(sent.length);
  for (const key of new Set(sent.map((one) => one.key)))
    expect(found.filter((text) => text.includes(`"DeviceId":"${key}"`))).toEqual(
      sent.filter((one) => one.key === key).map(({ json }) => json),
    );
}

describe('over AMQP', () => {
  let peer: EventHubsPeer;
  beforeAll(async () => {
    peer = await startEventHubsPeer({ hubs: [PROCESSES, FILES, 'all', 'lost'], key: KEY });
  });
  afterAll(() => peer?.stop());
  const settings = (more: object = {}) => ({
    authentication: 'connectionString',
    connectionString: peer.connectionString(),
    port: peer.port,
    ...more,
  });
  const stored = (hub: string) =>
    peer.messages(hub).map(({ partitionKey, body }) => ({ key: partitionKey, value: String(body) }));

  it('records go to the hub of their table, each device in order', async () => {
    const destination = await open(settings({ maxMessageBytes: 8_192 }));
    await destination.probe(signal(), TABLES);
    const sent = [...records(0, 100), ...records(100, 130, {}, 'DeviceFileEvents'), ...records(130, 200)];
    const { bytes } = await destination.deliver(sent, signal());
    await destination.close();
    const all = [...stored(PROCESSES), ...stored(FILES)];
    expect(bytes).toBe(all.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0));
    for (const { value } of all) expect(Buffer.byteLength(value)).toBeLessThan(8_192);
    for (const [hub, table] of [
      [PROCESSES, 'DeviceProcessEvents'],
      [FILES, 'DeviceFileEvents'],
    ] as const)
      expectSame(
        unwrapped(stored(hub)),
        sent.filter((one) => one.table === table),
      );
  });

  it('the consumer of the Azure SDK reads them', async () => {
    const destination = await open(settings({ hub: 'all' }));
    const sent = [...records(0, 20), ...records(20, 30, {}, 'DeviceFileEvents')];
    await destination.deliver(sent, signal());
    await destination.close();
    const found = await consumed(peer, 'all', sent.length);
    expectSame(found, sent);
  });

  it('what was taken while the answer was lost comes again, and nothing is missing', async () => {
    const destination = await open(settings({ hub: 'lost' }));
    const sent = records(1_000, 1_060);
    peer.loseAnswers(1);
    let failures = 0;
    for (;;) {
      const error: unknown = await destination.deliver(sent, signal()).then(
        () => undefined,
        (why: unknown) => why,
      );
      if (error === undefined) break;
      expect(error).toMatchObject({ fault: 'unreachable' });
      failures += 1;
    }
    await destination.close();
    expect(failures).toBe(1);
    const found = unwrapped(stored('lost'));
    expect(new Set(found)).toEqual(new Set(sent.map(({ json }) => json)));
    expect(found.length).toBeLessThanOrEqual(2 * sent.length);
  });

  const delivered = async (more: object, sent = records(0, 2), context = openContext()) => {
    const destination = await open(settings(more), context);
    try {
      return await failure(destination.deliver(sent, signal()));
    } finally {
      await destination.close();
    }
  };

  it.each([
    ['a wrong key', () => ({ connectionString: peer.connectionString('d3Jvbmc=') }), 'credentials'],
    ['a hub that is not there', () => ({ hub: 'absent' }), 'missing'],
  ])('%s has a name', async (_, more, fault) => {
    expect(await delivered(more())).toMatchObject({ fault });
  });

  it.each([
    ['com.microsoft:server-busy', 'throttled'],
    ['amqp:link:message-size-exceeded', 'refused'],
    ['amqp:resource-limit-exceeded', 'throttled'],
  ])('a hub that answers %s has a name', async (condition, fault) => {
    peer.refuse(condition, 10);
    expect(await delivered({ hub: 'all' }, records(0, 1))).toMatchObject({ fault });
    peer.refuse(condition, 0);
  });

  it('nobody at the address has a name', async () => {
    expect(await delivered({ port: await refusedPort() })).toMatchObject({
      fault: 'unreachable',
      message: expect.stringContaining('refuses connections'),
    });
  });

  it('an address that the operator forbids is not connected to', async () => {
    expect(await delivered({}, records(0, 1), forbiddenContext())).toMatchObject({ fault: 'forbidden' });
  });

  it('a record that is larger than a message may be is refused, and nothing of the call is sent', async () => {
    const before = stored('all').length;
    const error = await delivered({ hub: 'all', maxMessageBytes: 4_096 }, [
      record(0),
      record(1, { Text: 'x'.repeat(4_000) }),
    ]);
    expect(error).toMatchObject({ fault: 'refused', message: expect.stringContaining(record(1).id) });
    expect(stored('all')).toHaveLength(before);
  });

  it('a call that is given up ends with the reason that was given', async () => {
    const destination = await open(settings());
    const reason = new Error('enough');
    await expect(destination.deliver(records(0, 2), AbortSignal.abort(reason))).rejects.toBe(reason);
    await destination.close();
  });

  it('TLS is spoken, and the authority must be trusted', async () => {
    const authority = certificateAuthority();
    const secure = await startEventHubsPeer({
      hubs: ['all'],
      key: KEY,
      tls: authority.issue('localhost', ['DNS:localhost']),
    });
    const more = { connectionString: secure.connectionString(), port: secure.port, hub: 'all' };
    const destination = await open(settings({ ...more, ca: authority.ca }));
    await destination.deliver(records(0, 5), signal());
    await destination.close();
    expectSame(
      unwrapped(
        secure.messages('all').map(({ partitionKey, body }) => ({ key: partitionKey, value: String(body) })),
      ),
      records(0, 5),
    );
    expect(await delivered(more)).toMatchObject({
      fault: 'unreachable',
      message: expect.stringContaining('certificate'),
    });
    await secure.stop();
  });
});

describe('over the Kafka endpoint', () => {
  const CONNECTION = `Endpoint=sb://localhost/;SharedAccessKeyName=send;SharedAccessKey=${KEY}`;
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka({ plainUsers: { $ConnectionString: CONNECTION } });
    for (const hub of [PROCESSES, FILES]) await createTopic(broker.plaintext, hub);
  });
  afterAll(() => broker?.stop());
  const settings = (more: object = {}) => ({
    authentication: 'connectionString',
    connectionString: CONNECTION,
    transport: 'kafka',
    port: Number(broker.saslTls.split(':')[1]),
    ca: broker.authority.ca,
    ...more,
  });
  const stored = (hub: string) => readTopic(broker.plaintext, hub);

  it('records go to the hub of their table, each device in order, though the endpoint goes away', async () => {
    const destination = await open(settings({ maxMessageBytes: 8_192 }));
    await destination.probe(signal(), TABLES);
    const sent = [...records(0, 300), ...records(300, 330, {}, 'DeviceFileEvents'), ...records(330, 600)];
    for (let from = 0; from < sent.length; from += 100) {
      const restarting = from === 300 ? broker.kill().then(() => broker.restart()) : undefined;
      for (;;) {
        const error: unknown = await destination.deliver(sent.slice(from, from + 100), signal()).then(
          () => undefined,
          (why: unknown) => why,
        );
        if (error === undefined) break;
        expect(error).toMatchObject({ fault: 'unreachable' });
        await restarting;
      }
      await restarting;
    }
    await destination.close();
    for (const [hub, table] of [
      [PROCESSES, 'DeviceProcessEvents'],
      [FILES, 'DeviceFileEvents'],
    ] as const) {
      // A call that failed may have come through.
      const found = [...new Set(unwrapped(await stored(hub)))];
      expectSame(
        found,
        sent.filter((one) => one.table === table),
      );
    }
  });

  it.each([
    ['a wrong key', { connectionString: CONNECTION.replace(KEY, 'd3Jvbmc=') }, 'credentials'],
    ['a hub that is not there', { hub: 'absent' }, 'missing'],
    ['an authority that is not trusted', { ca: certificateAuthority('Other').ca }, 'unreachable'],
  ])('%s has a name', async (_, more, fault) => {
    const destination = await open(settings(more));
    expect(await failure(destination.deliver(records(0, 2), signal()))).toMatchObject({ fault });
    await destination.close();
  });

  it('an address that the operator forbids is not connected to', async () => {
    const destination = await open(settings(), forbiddenContext());
    expect(await failure(destination.deliver(records(0, 2), signal()))).toMatchObject({ fault: 'forbidden' });
    await destination.close();
  });
});

async function consumed(peer: EventHubsPeer, hub: string, count: number): Promise<string[]> {
  // The SDK takes the port of an emulator from the connection string.
  const consumer: EventHubConsumerClient = new Consumer(
    Consumer.defaultConsumerGroupName,
    peer.connectionString().replace('localhost/', `localhost:${peer.port}/`),
    hub,
  );
  const found: string[] = [];
  await new Promise<void>((done, fail) => {
    consumer.subscribe(
      {
        async processEvents(events) {
          for (const { body } of events) for (const one of body.records) found.push(JSON.stringify(one));
          if (found.length >= count) done();
        },
        async processError(error) {
          fail(error);
        },
      },
      { startPosition: earliestEventPosition, maxBatchSize: 100, maxWaitTimeInSeconds: 1 },
    );
  });
  await consumer.close();
  return found;
}
