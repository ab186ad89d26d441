import { describe, expect, it } from 'vitest';
import { hashPassword, oneTimePassword, passwordProblem, verifyPassword } from './passwords.ts';

describe('passwords', () => {
  it('verify against their own hash only, and hashes of the same differ', async () => {
    const hash = await hashPassword('correct horse battery');
    expect(hash).toMatch(/^scrypt\$32768\$8\$1\$/);
    expect(await hashPassword('correct horse battery')).not.toBe(hash);
    expect(await verifyPassword('correct horse battery', hash)).toBe(true);
    expect(await verifyPassword('correct horse batterz', hash)).toBe(false);
    expect(await verifyPassword('anything', null)).toBe(false);
  });

  it('are the same however an accent was typed', async () => {
    expect(
      await verifyPassword('cafe\u0301 au lait noir', await hashPassword('caf\u00e9 au lait noir')),
    ).toBe(true);
  });

  it.each([
    ['short', /at least 12/],
    ['x'.repeat(300), /at most 256/],
    ['aaaaaaaaaaaaaa', /repeats/],
    ['admin-password', /user name/],
  ])('%s will not do', (password, message) => {
    expect(passwordProblem(password, 'admin@merlon.local')).toMatch(message);
  });

  it('for one time are long enough, readable, and never the same', () => {
    const made = new Set(Array.from({ length: 200 }, oneTimePassword));
    expect(made.size).toBe(200);
    for (const password of made) expect(password).toMatch(/^([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}$/);
  });
});
