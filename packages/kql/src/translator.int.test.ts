import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KqlError, openTranslator, type Translator, TranslatorBusyError, translate } from './index.ts';
import { now, tenantB, wholeTenant } from './testing/fixtures.ts';

const workerUrl = pathToFileURL(`${import.meta.dirname}/../../../server/dist/kql-worker.js`);
const options = { now, scope: wholeTenant };

let translator: Translator;
beforeAll(async () => {
  translator = await openTranslator({ workers: 1, workerUrl, timeoutMs: 1_000, maxQueue: 3 });
}, 120_000);
afterAll(() => translator.close());

/** Takes the parser far longer than the time allowed. */
const slowQuery = `DeviceInfo | where DeviceId in (${Array.from({ length: 25_000 }, (_, i) => `"device${i}"`).join(', ')})`;

describe('a translator', () => {
  it('answers as the pure function does', async () => {
    const text = 'DeviceInfo | where Timestamp > ago(1d) | summarize count() by OSPlatform';
    expect(await translator.translate(text, options)).toEqual(translate(text, options));
  });

  it('passes refusals on, whole', async () => {
    await expect(translator.translate('DeviceInfo | where Nope == 1', options)).rejects.toMatchObject({
      name: 'KqlError',
      kind: 'semantic',
      start: 19,
      length: 4,
    });
    const refused = translator.translate('DeviceInfo | evaluate http_request("http://example.org")', options);
    await expect(refused).rejects.toMatchObject({ kind: 'unsupported', construct: 'plugin http_request' });
    await expect(refused).rejects.toBeInstanceOf(KqlError);
  });

  it('turns away what would wait too long', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => translator.translate(`print ${index}`, options)),
    );
    const busy = outcomes.filter(
      (outcome) => outcome.status === 'rejected' && outcome.reason instanceof TranslatorBusyError,
    );
    // One at work and two waiting: half of the queue and all threads but one are others'.
    expect(busy).toHaveLength(3);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(3);
  });

  it('refuses a query that takes too long to bind, and goes on with another thread', async () => {
    const slow = translator.translate(slowQuery, options);
    const next = translator.translate('print 1', options);
    await expect(slow).rejects.toMatchObject({ kind: 'unsupported', construct: 'a query this complex' });
    expect(await next).toMatchObject({ kind: 'statement', translation: { columns: [{ name: 'print_0' }] } });
    expect(translator.stats().replaced).toBe(1);
  }, 60_000);

  it('lets slow queries of one tenant delay nobody else', async () => {
    const order: string[] = [];
    const slow = [1, 2].map((number) =>
      translator.translate(slowQuery, options).catch(() => order.push(`slow ${number}`)),
    );
    const others = { now, scope: { tenantId: tenantB, deviceGroups: 'all' as const } };
    await translator.translate('print 1', others).then(() => order.push('other'));
    await translator.translate('print 2', others).then(() => order.push('other'));
    await Promise.all(slow);
    expect(order).toEqual(['other', 'other', 'slow 1', 'slow 2']);
  }, 60_000);

  it('keeps a thread for others while that of a slow query starts anew', async () => {
    const pool = await openTranslator({ workers: 2, workerUrl, timeoutMs: 700 });
    const others = { now, scope: { tenantId: tenantB, deviceGroups: 'all' as const } };
    const order: string[] = [];
    const slow = (number: number) =>
      pool.translate(slowQuery, options).catch(() => order.push(`slow ${number}`));
    await slow(1);
    const second = slow(2);
    await pool.translate('print 1', others).then(() => order.push('other'));
    await second;
    await pool.close();
    expect(order).toEqual(['slow 1', 'other', 'slow 2']);
  }, 120_000);

  it('lets a query go whose caller has gone, at work or waiting', async () => {
    const gone = new AbortController();
    const queries = [1, 2].map(() => translator.translate(slowQuery, options, gone.signal));
    const ended = Promise.allSettled(queries);
    expect(translator.stats().waiting).toBe(1);
    gone.abort(new Error('gone'));
    expect((await ended).map((one) => one.status === 'rejected' && one.reason.message)).toEqual([
      'gone',
      'gone',
    ]);
    expect(translator.stats().waiting).toBe(0);
    await expect(translator.translate('print 1', options, gone.signal)).rejects.toThrow('gone');
    // The thread that had it is taken from it, and the tenant's next query goes on.
    const { replaced } = translator.stats();
    await translator.translate('print 1', options);
    expect(translator.stats().replaced).toBe(replaced + 1);
  });

  it('tells when its worker cannot start', async () => {
    await expect(
      openTranslator({ workers: 1, workerUrl: pathToFileURL('/nonexistent/kql-worker.js') }),
    ).rejects.toThrow(/nonexistent/);
  });

  it('refuses what is under way when it closes', async () => {
    const other = await openTranslator({ workers: 1, workerUrl });
    const refused = expect(other.translate('DeviceInfo | count', options)).rejects.toThrow('closed');
    await other.close();
    await refused;
    await expect(other.translate('print 1', options)).rejects.toThrow('closed');
  }, 120_000);
});
