import { describe, expect, it } from 'vitest';
import { storageFault } from './storage-fault.ts';

const SIGNATURE = 'sig=abc';
/** As the SDK makes them: the request with its credentials is in it. */
const answer = (statusCode: number, code?: string, headers: Readonly<Record<string, string>> = {}) =>
  Object.assign(new Error(`Server failed ${SIGNATURE}`), {
    name: 'RestError',
    statusCode,
    code,
    request: { headers: { authorization: SIGNATURE } },
    response: { headers: new Map(Object.entries(headers)) },
  });

describe('what Blob Storage answers', () => {
  it.each([
    [answer(403, 'AuthenticationFailed'), 'credentials'],
    [answer(401, 'InvalidAuthenticationInfo'), 'credentials'],
    [answer(403, 'AuthorizationPermissionMismatch'), 'forbidden'],
    [answer(404, 'ContainerNotFound'), 'missing'],
    [answer(413, 'RequestBodyTooLarge'), 'refused'],
    [answer(503, 'ServerBusy'), 'throttled'],
    [answer(503), 'throttled'],
    [answer(500, 'InternalError'), 'unreachable'],
    [answer(418, 'Teapot'), 'unreachable'],
    [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'unreachable'],
    [Object.assign(new Error(SIGNATURE), { name: 'AuthenticationError', statusCode: 401 }), 'credentials'],
    [Object.assign(new Error(SIGNATURE), { name: 'CredentialUnavailableError' }), 'credentials'],
    ['no error at all', 'unreachable'],
  ])('%s is %s, without a secret', (error, fault) => {
    const told = storageFault(error, 'name.blob.example');
    expect(told.fault).toBe(fault);
    expect([told.message, told.cause]).toEqual([expect.not.stringContaining(SIGNATURE), undefined]);
  });

  it('says when to come again', () => {
    expect(storageFault(answer(503, 'ServerBusy', { 'retry-after': '7' }), 'x').retryAfterMs).toBe(7_000);
  });
});
