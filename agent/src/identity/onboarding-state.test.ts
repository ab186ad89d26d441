import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AUTHORITY_PEM } from '../testing/certificates.ts';
import { TestCommandKey } from '../testing/command-key.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { OnboardingStore } from './onboarding-state.ts';

const folder = temporaryFolders();
const now = new Date('2026-11-24T12:00:00Z');
const serverKey = new TestCommandKey();
const A = 'aaaaaaaa-0000-0000-0000-000000000000';
const B = 'bbbbbbbb-0000-0000-0000-000000000000';
const packageOf = (tenantId: string, tag?: string) =>
  serverKey.package(
    { tenantId, serverUrl: 'https://a:1', caPem: AUTHORITY_PEM, ...(tag ? { tag } : {}) },
    now,
  );
const deviceId = 'd'.repeat(40);

async function made(store: OnboardingStore, tenantId: string) {
  const taken = await store.takePackage(await packageOf(tenantId), undefined);
  if (!('key' in taken)) throw new Error('already onboarded');
  return taken;
}

describe('OnboardingStore', () => {
  it('goes from nothing over a key to enrolled, and remembers what is pinned', async () => {
    const store = new OnboardingStore(await folder());
    expect(await store.read()).toEqual({ state: 'NotOnboarded' });
    const { state } = await made(store, A);
    expect((await store.read()).state).toBe('KeyMade');
    await store.enrolled(state, deviceId, '2026-11-24T12:00:00Z');
    expect(await store.read()).toMatchObject({
      state: 'Enrolled',
      deviceId,
      tenantId: A,
      server: { url: 'https://a:1', caPem: AUTHORITY_PEM, commandKey: serverKey.publicJwk },
    });
  });

  it('keeps its key when the answer was lost and it is onboarded again to the same tenant', async () => {
    const store = new OnboardingStore(await folder());
    const first = await made(store, A);
    expect((await made(store, A)).key.thumbprint).toBe(first.key.thumbprint);
  });

  it('makes a new key for another tenant, so that the two cannot recognise it', async () => {
    const store = new OnboardingStore(await folder());
    const first = await made(store, A);
    expect((await made(store, B)).key.thumbprint).not.toBe(first.key.thumbprint);
  });

  it('stays as it is when already enrolled with that tenant, and refuses another', async () => {
    const store = new OnboardingStore(await folder());
    const { state } = await made(store, A);
    await store.enrolled(state, deviceId, 'x');
    expect(await store.takePackage(await packageOf(A), undefined)).toMatchObject({
      alreadyOnboarded: { deviceId },
    });
    await expect(store.takePackage(await packageOf(B), undefined)).rejects.toThrow(/offboard it first/);
  });

  it('leaves no key, event or order of the old device after offboarding', async () => {
    const home = await folder();
    const store = new OnboardingStore(home);
    const { state, key } = await made(store, A);
    const enrolled = await store.enrolled(state, deviceId, 'x');
    await mkdir(join(home, 'spool'));
    await writeFile(join(home, 'spool', 'row'), 'x');
    await writeFile(join(home, 'orders.json'), '{}');
    await store.offboarded(enrolled, 'y');
    for (const gone of ['spool', 'orders.json', 'device.key']) {
      await expect(access(join(home, gone))).rejects.toThrow();
    }
    expect((await store.read()).state).toBe('Offboarded');
    expect((await made(store, A)).key.thumbprint).not.toBe(key.thumbprint);
  });

  it("prefers the administrator's tag to the package's", async () => {
    const store = new OnboardingStore(await folder());
    expect(await store.takePackage(await packageOf(A, 'lab'), 'desk')).toMatchObject({
      state: { tag: 'desk' },
    });
    expect(await store.takePackage(await packageOf(A, 'lab'), undefined)).toMatchObject({
      state: { tag: 'lab' },
    });
  });

  it('names a state file that it cannot read', async () => {
    const home = await folder();
    await writeFile(join(home, 'onboarding.json'), '{"state":"Enrolled"}');
    await expect(new OnboardingStore(home).read()).rejects.toThrow(/onboarding.json is malformed/);
  });
});
