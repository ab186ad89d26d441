import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerReply } from '../server/server-link.ts';
import { retryAfterMs, verdictOf } from './verdict.ts';

const now = new Date('2026-11-24T12:00:00Z');
const reply = (status: number, body: unknown, headers: ServerReply['headers'] = {}): ServerReply => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const error = (code: string) => ({ error: { code, message: 'why', target: 't' } });
const taken = { accepted: 1, duplicate: false, rejectedCount: 0, rejected: [] };

describe('verdictOf', () => {
  it.each<[string, ServerReply, string]>([
    ['taken', reply(200, taken), 'delivered'],
    ['taken before', reply(200, { ...taken, duplicate: true }), 'delivered'],
    ['a portal in between', reply(200, '<html>'), 'later'],
    ['malformed', reply(400, error('InvalidRequestBody')), 'refused'],
    ['too large', reply(413, error('PayloadTooLarge')), 'refused'],
    ['encoding', reply(415, error('UnsupportedMediaType')), 'refused'],
    ['speaks for another', reply(403, error('DisallowedOperation')), 'refused'],
    ['offboarded', reply(403, error('Forbidden')), 'dismissed'],
    ['unknown', reply(401, error('Unauthorized')), 'unauthorised'],
    ['busy', reply(429, error('TooManyRequests')), 'later'],
    ['full', reply(503, error('ServiceUnavailable')), 'later'],
    ['broken', reply(500, error('InternalServerError')), 'later'],
    ["a proxy's refusal", reply(403, '<html>'), 'later'],
    ["a proxy's limit", reply(413, 'Request Entity Too Large'), 'later'],
    ['a redirect', reply(302, ''), 'later'],
    ['nothing there', reply(404, error('NotFound')), 'later'],
  ])('%s', (_what, given, kind) => {
    expect(verdictOf(given, now).kind).toBe(kind);
  });

  it('carries how many rows were left out and why', () => {
    const answer = { ...taken, rejectedCount: 2, rejected: [{ line: 3, reason: 'no Timestamp' }] };
    expect(verdictOf(reply(200, answer), now)).toEqual({
      kind: 'delivered',
      rejectedRows: 2,
      firstReason: 'no Timestamp',
    });
  });

  it('carries when to come again', () => {
    expect(verdictOf(reply(503, error('ServiceUnavailable'), { 'retry-after': '10' }), now)).toMatchObject({
      kind: 'later',
      afterMs: 10_000,
    });
  });

  it("never forgets a batch on the word of a body that is not the server's", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.string(), (status, body) => {
        expect(['later', 'unauthorised']).toContain(verdictOf(reply(status, body), now).kind);
      }),
    );
  });
});

describe('retryAfterMs', () => {
  it.each([
    [undefined, null],
    ['10', 10_000],
    ['Tue, 24 Nov 2026 12:00:30 GMT', 30_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', 0],
    ['999999999', 3_600_000],
    ['soon', null],
  ])('%s is %s', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});
