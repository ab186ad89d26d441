import type { OnboardingPackage } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgentError } from '../agent-error.ts';
import { AUTHORITY_PEM, LEAF_PEM } from '../testing/certificates.ts';
import { TestCommandKey } from '../testing/command-key.ts';
import { checkOnboardingPackage } from './onboarding-package.ts';

const now = new Date('2026-11-24T12:00:00Z');
const tenantId = '11111111-2222-3333-4444-555555555555';
const key = new TestCommandKey();
const good = () =>
  key.package({ tenantId, serverUrl: 'https://merlon.example:8443', caPem: AUTHORITY_PEM }, now);

const changed = async (change: (p: OnboardingPackage) => object) => JSON.stringify(change(await good()));

describe('checkOnboardingPackage', () => {
  it('takes a package as the server makes it', async () => {
    const content = await good();
    expect(await checkOnboardingPackage(JSON.stringify(content), now)).toEqual(content);
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['no JSON', async () => '{', /is not JSON/],
    ['another kind of file', () => changed(() => ({ kind: 'x' })), /malformed at/],
    ['a later version', () => changed((p) => ({ ...p, version: 2 })), /malformed at \/version/],
    ['plain http', () => changed((p) => ({ ...p, serverUrl: 'http://a' })), /no https server/],
    ['no address', () => changed((p) => ({ ...p, serverUrl: 'a' })), /no https server/],
    ['no certificate', () => changed((p) => ({ ...p, caPem: 'x' })), /not a certificate/],
    [
      'a certificate that is no authority',
      () => changed((p) => ({ ...p, caPem: LEAF_PEM })),
      /of an authority/,
    ],
    ['a proxy', () => changed((p) => ({ ...p, proxyUrl: 'http://p' })), /does not support/],
    ['another tenant', () => changed((p) => ({ ...p, tenantId: p.packageId })), /was altered/],
    [
      "another server's command key",
      () => changed((p) => ({ ...p, commandKey: new TestCommandKey().publicJwk })),
      /not signed by the package's command key/,
    ],
    [
      'an altered token',
      () => changed((p) => ({ ...p, enrolmentToken: `${p.enrolmentToken}A` })),
      /not signed/,
    ],
    [
      'an order in the place of the token',
      async () => {
        const order = await key.order({ sub: 'a'.repeat(40), seq: 1 }, now);
        return changed((p) => ({ ...p, enrolmentToken: order }));
      },
      /another kind/,
    ],
    ['another server', () => changed((p) => ({ ...p, serverUrl: 'https://b' })), /serverUrl .* altered/],
    ['another authority', () => changed((p) => ({ ...p, caPem: `${p.caPem}\n` })), /caPem .* altered/],
    ['a tag of somebody else', () => changed((p) => ({ ...p, tag: 'mine' })), /tag .* altered/],
    [
      'another agent',
      () => changed((p) => ({ ...p, agents: { 'linux-x64': 'a'.repeat(64) } })),
      /agents .* altered/,
    ],
    ['an unreadable expiry', () => changed((p) => ({ ...p, expiresAt: 'soon' })), /no valid expiry/],
  ])('refuses %s', async (_what, text, message) => {
    await expect(checkOnboardingPackage(await text(), now)).rejects.toThrow(message);
  });

  it('refuses an expired one and shows both clocks, also when only the token knows', async () => {
    const late = new Date('2026-11-24T13:00:00Z');
    const text = await changed((p) => ({ ...p, expiresAt: '2099-01-01T00:00:00Z' }));
    await expect(checkOnboardingPackage(text, late)).rejects.toThrow(
      /expired at 2026-11-24T13:00:00.*clock says 2026-11-24T13:00:00/,
    );
  });

  it('answers anything at all by name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        await expect(checkOnboardingPackage(text, now)).rejects.toThrow(AgentError);
      }),
      { numRuns: 200 },
    );
  });
});
