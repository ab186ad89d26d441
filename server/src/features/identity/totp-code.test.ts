import { describe, expect, it } from 'vitest';
import { hotp, matchingStep, otpauthUri, stepOf, toBase32 } from './totp-code.ts';

const secret = Buffer.from('12345678901234567890');

describe('codes by time', () => {
  it.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('are those of RFC 6238 at second %i', (second, code) => {
    expect(hotp(secret, stepOf(new Date(second * 1_000)), 8)).toBe(code);
  });

  it('count one step early and late, and no more', () => {
    const now = new Date(1_700_000_000_000);
    const step = stepOf(now);
    for (const far of [-1, 0, 1])
      expect(matchingStep(secret, hotp(secret, step + far), now)).toBe(step + far);
    for (const far of [-2, 2]) expect(matchingStep(secret, hotp(secret, step + far), now)).toBeNull();
    expect(matchingStep(secret, '', now)).toBeNull();
    expect(matchingStep(secret, '٠٠٠٠٠٠', now)).toBeNull();
  });

  it('are set up by a secret in base 32', () => {
    expect(toBase32(Buffer.from('foobar'))).toBe('MZXW6YTBOI');
    expect(otpauthUri('Blue Yonder', 'ann@a.example', secret)).toBe(
      'otpauth://totp/Blue%20Yonder:ann%40a.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Blue%20Yonder&algorithm=SHA1&digits=6&period=30',
    );
  });
});
