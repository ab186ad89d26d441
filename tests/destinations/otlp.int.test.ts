/** The collector is built on the protocol's own generated messages, and takes no unknown member. */

import { openContext, record, signal } from '@merlon/destinations/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { destinationKind } from '../support/destination-kind.ts';
import { type OtlpCollector, startOtlpCollector } from '../support/otlp-collector.ts';
import { eventually } from '../support/wait.ts';

const otlp = destinationKind('otlp');

let collector: OtlpCollector;

beforeAll(async () => {
  collector = await startOtlpCollector();
}, 300_000);
afterAll(async () => {
  await collector?.stop();
});

const open = (path: string, more: object = {}) =>
  otlp.open({ url: `${collector.url}${path}`, allowHttp: true, ...more }, openContext());

describe('OpenTelemetry logs', () => {
  it.each(['gzip', 'none'])(
    'arrive typed, with their id and their time to 100 ns (%s)',
    async (compression) => {
      const before = collector.requests.length;
      const destination = await open('/v1/logs', { compression });
      const one = record(1, {
        FileName: '"\u2028\n😀',
        IsRemote: false,
        Weight: 0.5,
        Nothing: null,
        List: [1, { a: 'b' }],
      });
      const large = {
        ...record(2),
        json: record(2, { Big: 0 }).json.replace('"Big":0', '"Big":9007199254740993'),
      };
      await destination.deliver([one, large], signal());
      await eventually('the request arriving', async () => collector.requests.length > before, {
        withinMs: 5_000,
      });
      const request = collector.requests.at(-1);
      const attribute = (key: string, stringValue: unknown) => ({ key, value: { stringValue } });
      const { tenantId } = JSON.parse(one.json) as { tenantId: string };
      expect(request).toEqual({
        resourceLogs: [
          {
            resource: {
              attributes: [attribute('service.name', 'merlon'), attribute('merlon.tenant.id', tenantId)],
            },
            scopeLogs: [
              {
                scope: { name: 'merlon' },
                logRecords: [
                  {
                    timeUnixNano: String(
                      BigInt(Date.UTC(2026, 10, 25, 14, 0, 1)) * 1_000_000n + 123_456_700n,
                    ),
                    observedTimeUnixNano: expect.any(String),
                    severityNumber: 'SEVERITY_NUMBER_INFO',
                    severityText: 'INFO',
                    eventName: 'AdvancedHunting-DeviceProcessEvents',
                    attributes: [attribute('log.record.uid', one.id)],
                    body: {
                      kvlistValue: {
                        values: expect.arrayContaining([
                          attribute('FileName', '"\u2028\n😀'),
                          { key: 'ReportId', value: { intValue: '1' } },
                          { key: 'IsRemote', value: { boolValue: false } },
                          { key: 'Weight', value: { doubleValue: 0.5 } },
                          { key: 'Nothing', value: {} },
                          {
                            key: 'List',
                            value: {
                              arrayValue: {
                                values: [
                                  { intValue: '1' },
                                  { kvlistValue: { values: [attribute('a', 'b')] } },
                                ],
                              },
                            },
                          },
                        ]),
                      },
                    },
                  },
                  expect.objectContaining({
                    body: {
                      kvlistValue: {
                        values: expect.arrayContaining([
                          { key: 'Big', value: { intValue: '9007199254740993' } },
                        ]),
                      },
                    },
                  }),
                ],
              },
            ],
          },
        ],
      });
      await destination.close();
    },
  );

  it('are tried with a request that holds none', async () => {
    const destination = await open('/v1/logs');
    await destination.probe(signal());
    await destination.close();
  });

  it.each([
    ['/partial', 'refused', /rejected 1 records: one is too old/],
    ['/400', 'refused', /400/],
    ['/401', 'credentials', /401/],
    ['/403', 'forbidden', /403/],
    ['/404', 'missing', /404/],
    ['/429', 'throttled', /429/],
    ['/503', 'throttled', /503/],
    ['/502', 'unreachable', /502/],
  ])('say of %s: %s', async (path, fault, message) => {
    const destination = await open(path, { headers: 'authorization=Bearer%20hush, x-team=a%2Cb' });
    const failure = await destination.deliver([record(1)], signal()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ fault, message: expect.stringMatching(message) });
    expect(String(failure)).not.toContain('hush');
    await destination.close();
  });

  it.each([
    ['nonsense', /name=value/],
    ['content-type=x', /content-type/],
    ['a=%zz', /percent-encoded/],
    ['a=b%0d%0ac: d', /no header may hold/],
  ])('do not take the headers %s', (headers, message) => {
    expect(() => otlp.check({ url: 'https://logs.example/v1/logs', headers }, [])).toThrow(message);
  });
});
