import { describe, expect, it } from 'vitest';
import { AadstsError, aadstsBody, clientRequestId } from './aadsts.ts';

describe('an AADSTS error', () => {
  it('has the form that clients of Entra ID read', () => {
    const body = aadstsBody(
      new AadstsError(7000215, 'Invalid client secret.'),
      new Date('2026-11-24T10:20:30.456Z'),
      'c0ffee00-0000-4000-8000-000000000000',
    );
    expect(body).toEqual({
      error: 'invalid_client',
      error_description: `AADSTS7000215: Invalid client secret. Trace ID: ${body.trace_id} Correlation ID: c0ffee00-0000-4000-8000-000000000000 Timestamp: 2026-11-24 10:20:30Z`,
      error_codes: [7000215],
      timestamp: '2026-11-24 10:20:30Z',
      trace_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      correlation_id: 'c0ffee00-0000-4000-8000-000000000000',
    });
  });

  it('takes the client’s id for the request only if it is one', () => {
    expect(clientRequestId('c0ffee00-0000-4000-8000-000000000000')).toBe(
      'c0ffee00-0000-4000-8000-000000000000',
    );
    for (const bad of [undefined, '', 'x', ['a'], 'c0ffee00-0000-4000-8000-000000000000\r\nX: y'])
      expect(clientRequestId(bad)).toBeUndefined();
  });
});
