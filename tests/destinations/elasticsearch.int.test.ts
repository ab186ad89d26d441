/** The cluster is a real OpenSearch. It comes without its security plugin, so what is answered to wrong credentials is told by a server of the test's own. */
import { createServer } from 'node:http';
import { openContext, record, signal } from '@merlon/destinations/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { destinationKind } from '../support/destination-kind.ts';
import { type OpenSearch, startOpenSearch } from '../support/opensearch.ts';

const elasticsearch = destinationKind('elasticsearch');

let cluster: OpenSearch;

beforeAll(async () => {
  cluster = await startOpenSearch();
});
afterAll(async () => {
  await cluster?.stop();
});

const open = (more: object = {}) =>
  elasticsearch.open({ url: cluster.url, allowHttp: true, ...more }, openContext());

async function documents(
  index: string,
): Promise<readonly { _id: string; _source: Record<string, unknown> }[]> {
  await cluster.call('POST', `/${index}/_refresh`);
  const found = (await cluster.call('GET', `/${index}/_search?size=100&sort=properties.ReportId`)) as {
    hits: { hits: { _id: string; _source: Record<string, unknown> }[] };
  };
  return found.hits.hits;
}

describe('an OpenSearch cluster', () => {
  it('gets each record once, under its id, in the index of its table', async () => {
    const destination = await open();
    const hostile = '"}\n{"delete":{"_id":"x"}}\r\n\u0000\u2028😀';
    const records = [1, 2, 3].map((n) => record(n, { FileName: hostile }));
    await destination.deliver(records, signal());
    await destination.deliver([...records, record(4)], signal());
    const found = await documents('merlon-deviceprocessevents');
    expect(found.map(({ _id }) => _id)).toEqual([...records, record(4)].map(({ id }) => id));
    expect(found[0]?._source).toEqual({
      '@timestamp': '2026-11-25T14:00:01.1234567Z',
      ...(JSON.parse(records[0]?.json ?? '') as object),
    });
    await destination.close();
  });

  it('takes a data stream', async () => {
    await cluster.call('PUT', '/_index_template/stream', {
      index_patterns: ['logs-merlon*'],
      data_stream: {},
    });
    const destination = await open({ index: 'logs-merlon' });
    await destination.deliver([record(1), record(2, {}, 'DeviceEvents')], signal());
    await destination.deliver([record(1)], signal());
    expect(await documents('logs-merlon')).toHaveLength(2);
    await destination.close();
  });

  it('tells a record apart that the mapping does not allow, and keeps the others', async () => {
    await cluster.call('PUT', '/strict', {
      mappings: { properties: { properties: { properties: { FileName: { type: 'long' } } } } },
    });
    const destination = await open({ index: 'strict' });
    const failure = await destination
      .deliver([record(1, { FileName: 1 }), record(2, { FileName: 'x' }), record(3)], signal())
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ fault: 'refused', message: expect.stringContaining(record(2).id) });
    expect((await documents('strict')).map(({ _id }) => _id)).toEqual([record(1).id, record(3).id]);
    await destination.close();
  });

  it('says that an index is not there, when none is made for it', async () => {
    await cluster.call('PUT', '/_cluster/settings', {
      persistent: { 'action.auto_create_index': 'merlon-*' },
    });
    const destination = await open({ index: 'elsewhere' });
    await expect(destination.deliver([record(1)], signal())).rejects.toMatchObject({ fault: 'missing' });
    await cluster.call('PUT', '/_cluster/settings', { persistent: { 'action.auto_create_index': null } });
    await destination.close();
  });

  it('says that a block is not to be written to', async () => {
    await cluster.call('PUT', '/readonly', { settings: { 'index.blocks.write': true } });
    const destination = await open({ index: 'readonly' });
    await expect(destination.deliver([record(1)], signal())).rejects.toMatchObject({ fault: 'forbidden' });
    await destination.close();
  });

  it('says that a pipeline is not there', async () => {
    const destination = await open({ pipeline: 'none' });
    await expect(destination.deliver([record(9)], signal())).rejects.toMatchObject({ fault: 'refused' });
    await destination.close();
  });

  it('is tried without a trace', async () => {
    const before = await cluster.call('GET', '/_cat/indices?format=json&h=index,docs.count');
    const destination = await open({ index: 'untouched' });
    await destination.probe(signal());
    expect(await cluster.call('GET', '/_cat/indices?format=json&h=index,docs.count')).toEqual(before);
    await destination.close();
  });
});

describe('a cluster that asks who we are', () => {
  it.each([
    [{ apiKey: 'aWQ6aHVzaA==' }, 'ApiKey aWQ6aHVzaA=='],
    [{ username: 'me', password: 'hush:ü' }, `Basic ${Buffer.from('me:hush:ü').toString('base64')}`],
  ])('gets %j', async (credentials, header) => {
    const seen: (string | undefined)[] = [];
    let status = 200;
    const server = createServer((request, reply) => {
      seen.push(request.headers.authorization);
      reply.writeHead(status, { 'content-type': 'application/json' });
      reply.end(
        request.url?.startsWith('/_security') === true
          ? '{"has_all_requested":false}'
          : `{"error":"${request.headers.authorization}"}`,
      );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const destination = await open({ url: `http://127.0.0.1:${port}`, ...credentials });
    await expect(destination.probe(signal())).rejects.toMatchObject({ fault: 'forbidden' });
    for (const [code, fault] of [
      [401, 'credentials'],
      [403, 'forbidden'],
      [429, 'throttled'],
      [413, 'refused'],
      [502, 'unreachable'],
      [200, 'unreachable'],
    ] as const) {
      status = code;
      const failure = await destination.deliver([record(1)], signal()).catch((error: unknown) => error);
      expect(failure).toMatchObject({ fault });
      expect(String(failure)).not.toContain(header);
    }
    expect(new Set(seen)).toEqual(new Set([header]));
    await destination.close();
    server.closeAllConnections();
    server.close();
  });

  it.each([
    [{ username: 'me' }, /belong together/],
    [{ username: 'me', password: 'x', apiKey: 'x' }, /two ways/],
    [{ index: 'x-{tabel}' }, /braces/],
  ])('does not take %j', (more, message) => {
    expect(() => elasticsearch.check({ url: 'https://search.example', ...more }, [])).toThrow(message);
  });
});
