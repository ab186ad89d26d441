import { randomUUID } from 'node:crypto';
import { ENROLMENT_TOKEN_TYPE, OFFBOARDING_TOKEN_TYPE, type OffboardingPackage } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { TestCommandKey } from '../testing/command-key.ts';
import { checkOffboardingPackage } from './offboarding-package.ts';
import type { Enrolled } from './onboarding-state.ts';

const now = new Date('2026-11-25T12:00:00Z');
const tenantId = '11111111-2222-3333-4444-555555555555';
const packageId = randomUUID();
const key = new TestCommandKey();
const enrolled: Enrolled = {
  state: 'Enrolled',
  deviceId: 'a'.repeat(40),
  tenantId,
  packageId: randomUUID(),
  server: { url: 'https://a', caPem: '', commandKey: key.publicJwk },
  enrolledAt: '2026-11-24T12:00:00Z',
};
const times = { iat: 1_795_608_000, exp: 1_796_000_000 };

async function offboarding(
  more: Partial<OffboardingPackage> = {},
  by = key,
  typ: string = OFFBOARDING_TOKEN_TYPE,
  claims: object = {},
): Promise<string> {
  const token = await by.sign(typ, { tid: tenantId, pkg: packageId, ...times, ...claims });
  const content: OffboardingPackage = {
    kind: 'merlon-offboarding',
    version: 1,
    tenantId,
    packageId,
    offboardingToken: token,
    expiresAt: '2026-12-25T12:00:00.0000000Z',
    ...more,
  };
  return JSON.stringify(content);
}
const checked = async (text: Promise<string> | string) => checkOffboardingPackage(await text, enrolled, now);

describe('an offboarding package', () => {
  it('ends an onboarding of its tenant', async () => {
    await expect(checked(offboarding())).resolves.toBeUndefined();
  });

  it.each<[string, () => Promise<string> | string, RegExp]>([
    ['no JSON', () => '{', /is not JSON/],
    ['an onboarding package', () => '{"kind":"merlon-onboarding"}', /malformed at/],
    ['another tenant', () => offboarding({ tenantId: randomUUID() }), /is of tenant/],
    ['another server', () => offboarding({}, new TestCommandKey()), /not signed by the server/],
    ['a token of another kind', () => offboarding({}, key, ENROLMENT_TOKEN_TYPE), /another kind/],
    ['the token of another package', () => offboarding({ packageId: randomUUID() }), /was altered/],
    [
      'an expiry that passed',
      () => offboarding({ expiresAt: '2026-11-25T11:00:00Z' }),
      /expired at 2026-11-25T11/,
    ],
    [
      'an expiry that only the token knows',
      () => offboarding({}, key, undefined, { exp: times.iat - 1 }),
      /expired at/,
    ],
  ])('of %s is refused by name', async (_what, text, message) => {
    await expect(checked(text())).rejects.toThrow(message);
  });
});
