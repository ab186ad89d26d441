import { describe, expect, it } from 'vitest';
import { ApiError, apiErrors, errorBody, graphErrorBody } from './index.ts';

describe('an error', () => {
  it('takes status and text from the table', () => {
    const error = new ApiError('ODataError');
    expect(error.status).toBe(400);
    expect(error.publicMessage).toBe(apiErrors.ODataError.text);
    expect(error).toBeInstanceOf(Error);
  });

  it('keeps its private detail out of the body', () => {
    const cause = new Error('ECONNREFUSED 10.0.0.3');
    const error = new ApiError('ServiceUnavailable', 'Try later.', {
      privateDetail: 'store 10.0.0.3 is down',
      retryAfterSeconds: 5,
      cause,
    });
    expect(error.message).toBe('store 10.0.0.3 is down');
    expect(error.cause).toBe(cause);
    expect(error.retryAfterSeconds).toBe(5);
    expect(errorBody(error, 'target')).toEqual({
      error: { code: 'ServiceUnavailable', message: 'Try later.', target: 'target' },
    });
  });

  it('reads as Graph words it', () => {
    const at = new Date('2026-11-25T10:00:00.123Z');
    expect(graphErrorBody(new ApiError('BadRequest', 'No.'), 'a', at)).toEqual({
      error: {
        code: 'BadRequest',
        message: 'No.',
        innerError: { date: '2026-11-25T10:00:00', 'request-id': 'a', 'client-request-id': 'a' },
      },
    });
    expect(graphErrorBody(new ApiError('NotFound'), 'a', at, 'b').error.innerError).toMatchObject({
      'request-id': 'a',
      'client-request-id': 'b',
    });
  });

  it('has a status that means an error', () => {
    for (const { status } of Object.values(apiErrors)) expect(status).toBeGreaterThanOrEqual(400);
  });
});
