/**
 * Destinations against the bare client library. `node scripts/run-ts.mjs bench/destinations.ts [kafka|azureStorage|eventHubs …]`.
 *
 * Both send the same bytes to the same peer in the same batches, in turn: `deliver` begins with records, the bare loop with messages or blocks that were
 * made before the clock runs. Records per second, processor time of this process, and
 * their ratios: median of the rounds with least and most.
 */

import { EventHubProducerClient } from '@azure/event-hubs';
import { BlobServiceClient } from '@azure/storage-blob';
import { destinationKinds, type ExportRecord } from '@merlon/destinations';
import { openContext, record } from '@merlon/destinations/testing';
import { Producer } from '@platformatic/kafka';
import { startAzurite } from '../tests/support/azurite.ts';
import { startEventHubsPeer } from '../tests/support/event-hubs-peer.ts';
import { startKafka } from '../tests/support/kafka-broker.ts';
import { createTopic } from '../tests/support/kafka-topics.ts';
import { figure, show } from './figures.ts';

const ROUNDS = 7;
const BATCH = 1_000;
const BATCHES = 20;
const DEVICES = 200;
const KEY = 'a2V5';

const batches: ExportRecord[][] = Array.from({ length: BATCHES }, (_, batch) =>
  Array.from({ length: BATCH }, (_unused, index) => {
    const n = batch * BATCH + index;
    const device = (n % DEVICES).toString(16).padStart(40, '0');
    return { ...record(n, { ProcessCommandLine: 'x'.repeat(400), SHA256: 'e'.repeat(64) }), key: device };
  }),
);

interface Bench {
  /** A batch, by the bare library. */
  readonly bare: (batch: number) => Promise<unknown>;
  readonly settings: object;
  readonly stop: () => Promise<void>;
}

async function kafka(): Promise<Bench> {
  const broker = await startKafka({ heapMegabytes: 1_024 });
  await createTopic(broker.plaintext, 'bench');
  const [host = '', port = ''] = broker.plaintext.split(':');
  const producer = new Producer({
    clientId: 'bench',
    bootstrapBrokers: [{ host, port: Number(port) }],
    idempotent: true,
    acks: -1,
    compression: 'lz4',
  });
  const id = Buffer.from('record-id');
  const table = Buffer.from('table');
  const made = batches.map((batch) =>
    batch.map((one) => ({
      topic: 'bench',
      key: Buffer.from(one.key),
      value: Buffer.from(one.json),
      headers: new Map([
        [id, Buffer.from(one.id)],
        [table, Buffer.from(one.table)],
      ]),
    })),
  );
  return {
    bare: (batch) => producer.send({ messages: made[batch] ?? [] }),
    settings: { brokers: [broker.plaintext], topic: 'bench', encryption: 'none', compression: 'lz4' },
    async stop() {
      await producer.close();
      await broker.stop();
    },
  };
}

async function azureStorage(): Promise<Bench> {
  const azurite = await startAzurite();
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
    'bench',
  );
  await container.create();
  const blob = container.getAppendBlobClient('bench');
  await blob.create();
  const made = batches.map((batch) => Buffer.from(batch.map(({ json }) => `${json}\r\n`).join('')));
  return {
    bare: (batch) => blob.appendBlock(made[batch] ?? '', made[batch]?.length ?? 0),
    settings: {
      authentication: 'connectionString',
      connectionString: azurite.connectionString,
      allowHttp: true,
    },
    stop: () => azurite.stop(),
  };
}

async function eventHubs(): Promise<Bench> {
  const peer = await startEventHubsPeer({ hubs: ['bench'], key: KEY });
  const client = new EventHubProducerClient(
    peer.connectionString().replace('localhost/', `localhost:${peer.port}/`),
    'bench',
  );
  const made = batches.map((batch) => {
    const devices = new Map<string, string[]>();
    for (const { key, json } of batch) devices.set(key, [...(devices.get(key) ?? []), json]);
    return [...devices].map(([partitionKey, texts]) => ({
      partitionKey,
      body: Buffer.from(`{"records":[${texts.join(',')}]}`),
    }));
  });
  return {
    bare: (batch) =>
      Promise.all(
        (made[batch] ?? []).map(({ partitionKey, body }) =>
          client.sendBatch([{ body, contentType: 'application/json' }], { partitionKey }),
        ),
      ),
    settings: {
      authentication: 'connectionString',
      connectionString: peer.connectionString(),
      port: peer.port,
      hub: 'bench',
    },
    async stop() {
      await client.close();
      await peer.stop();
    },
  };
}

const benches = { kafka, azureStorage, eventHubs };

interface Round {
  /** Records per second. */
  readonly speed: number;
  /** Microseconds of this process for a record. */
  readonly cost: number;
}

async function timed(work: (batch: number) => Promise<unknown>): Promise<Round> {
  const begun = performance.now();
  const before = process.cpuUsage();
  for (let batch = 0; batch < BATCHES; batch++) await work(batch);
  const { user, system } = process.cpuUsage(before);
  const records = BATCH * BATCHES;
  return { speed: (records * 1_000) / (performance.now() - begun), cost: (user + system) / records };
}

const asked = process.argv.slice(2);
for (const [name, start] of Object.entries(benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const bench = await start();
  const kind = destinationKinds.find((one) => one.name === name);
  if (!kind) throw new Error(`there is no kind ${name}`);
  const destination = await kind.open(bench.settings, openContext());
  const signal = new AbortController().signal;
  const deliver = (batch: number) => destination.deliver(batches[batch] ?? [], signal);
  // The first round of each is not counted: code is cold, connections are to be opened.
  await timed(bench.bare);
  await timed(deliver);
  const rounds: { readonly ours: Round; readonly bare: Round }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const first = round % 2 === 0 ? await timed(bench.bare) : await timed(deliver);
    const second = round % 2 === 0 ? await timed(deliver) : await timed(bench.bare);
    rounds.push(round % 2 === 0 ? { bare: first, ours: second } : { ours: first, bare: second });
  }
  await destination.close();
  await bench.stop();
  const of = (pick: (round: (typeof rounds)[number]) => number) => figure(rounds.map(pick));
  console.log(
    `${name}, bare library: ${show(
      of(({ bare }) => bare.speed),
      'records/s',
    )}, ${show(
      of(({ bare }) => bare.cost),
      'µs of processor',
      1,
    )}`,
  );
  console.log(
    `${name}, deliver: ${show(
      of(({ ours }) => ours.speed),
      'records/s',
    )}, ${show(
      of(({ ours }) => ours.cost),
      'µs of processor',
      1,
    )}`,
  );
  console.log(
    `${name}: ratio of records/s ${show(
      of(({ ours, bare }) => ours.speed / bare.speed),
      '',
      2,
    )}, of processor time ${show(
      of(({ ours, bare }) => ours.cost / bare.cost),
      '',
      2,
    )}`,
  );
}
process.exit(0);
