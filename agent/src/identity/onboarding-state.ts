/**
 * Where this device stands with its server. One file, `onboarding.json`, replaced whole at every step, so an interruption leaves one of
 * these states and never a mixture; the key file is written before the state that needs it.
 *
 *   NotOnboarded ──package──▶ KeyMade ──enrolled──▶ Enrolled ──offboarded──▶ Offboarded
 *        ▲                    │  ▲ │                  │  ▲                       │
 *        └────(abandoned)─────┘  │ └──package──┐      └──┘ package of the        │
 *                                │             │         same tenant: kept as is │
 *                                ├─────────────┘                                 │
 *                                └──────────────────package──────────────────────┘
 *
 * In KeyMade the server may or may not know the key: asking again with the same key settles it, since enrolling a key twice gives the same
 * device id. A package of another tenant is refused while Enrolled, and makes a new key while KeyMade or Offboarded, so that no two
 * tenants can recognise a device by its key.
 */
import { join } from 'node:path';
import { Ed25519PublicJwk, type OnboardingPackage } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { AgentError } from '../agent-error.ts';
import { readJson, removeDurably, writeJsonDurably } from '../files/durable.ts';
import { DeviceKey } from './device-key.ts';

/** What is pinned from the package: whom to talk to, and whose orders to take. */
const PinnedServer = Type.Object({
  url: Type.String(),
  caPem: Type.String(),
  commandKey: Ed25519PublicJwk,
});

const KeyMade = Type.Object({
  state: Type.Literal('KeyMade'),
  tenantId: Type.String(),
  packageId: Type.String(),
  enrolmentToken: Type.String(),
  server: PinnedServer,
  tag: Type.Optional(Type.String()),
});
export type KeyMade = Static<typeof KeyMade>;

const Enrolled = Type.Object({
  state: Type.Literal('Enrolled'),
  deviceId: Type.String({ pattern: '^[0-9a-f]{40}$' }),
  tenantId: Type.String(),
  packageId: Type.String(),
  server: PinnedServer,
  tag: Type.Optional(Type.String()),
  enrolledAt: Type.String(),
});
export type Enrolled = Static<typeof Enrolled>;

const Offboarded = Type.Object({
  state: Type.Literal('Offboarded'),
  deviceId: Type.String(),
  tenantId: Type.String(),
  offboardedAt: Type.String(),
});

const Stored = Type.Union([KeyMade, Enrolled, Offboarded]);
export type Onboarding = Static<typeof Stored> | { readonly state: 'NotOnboarded' };

/** Everything below the state folder that belongs to one enrolment and may not outlive it. */
const OF_ONE_ENROLMENT = ['spool', 'orders.json'] as const;

export class OnboardingStore {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  get keyPath(): string {
    return join(this.#home, 'device.key');
  }

  async read(): Promise<Onboarding> {
    return (await readJson(this.#statePath, Stored)) ?? { state: 'NotOnboarded' };
  }

  /**
   * Takes a checked package. `alreadyOnboarded` when this device is enrolled with that tenant: nothing changes.
   * @throws AgentError when it is enrolled with another tenant.
   */
  async takePackage(
    content: OnboardingPackage,
    tag: string | undefined,
  ): Promise<{ state: KeyMade; key: DeviceKey } | { alreadyOnboarded: Enrolled }> {
    const before = await this.read();
    switch (before.state) {
      case 'Enrolled':
        if (before.tenantId === content.tenantId) return { alreadyOnboarded: before };
        throw new AgentError(
          `this device is onboarded to tenant ${before.tenantId}, not ${content.tenantId}: offboard it first`,
        );
      case 'KeyMade': {
        const kept = before.tenantId === content.tenantId ? await DeviceKey.load(this.keyPath) : null;
        return this.#makeKey(content, tag, kept);
      }
      case 'NotOnboarded':
      case 'Offboarded':
        return this.#makeKey(content, tag, null);
      default:
        return unreachable(before);
    }
  }

  async enrolled(made: KeyMade, deviceId: string, enrolledAt: string): Promise<Enrolled> {
    const state: Enrolled = {
      state: 'Enrolled',
      deviceId,
      tenantId: made.tenantId,
      packageId: made.packageId,
      server: made.server,
      ...(made.tag === undefined ? {} : { tag: made.tag }),
      enrolledAt,
    };
    await writeJsonDurably(this.#statePath, state);
    return state;
  }

  /** The key goes last: until it is gone, repeating this finishes it. What was not sent yet is gone, since it belongs to the device that was. */
  async offboarded(before: Enrolled, offboardedAt: string): Promise<void> {
    const { deviceId, tenantId } = before;
    await writeJsonDurably(this.#statePath, { state: 'Offboarded', deviceId, tenantId, offboardedAt });
    await this.#clearEnrolment();
    await removeDurably(this.keyPath);
  }

  async #makeKey(content: OnboardingPackage, tag: string | undefined, kept: DeviceKey | null) {
    if (!kept) await this.#clearEnrolment();
    const key = kept ?? (await DeviceKey.create(this.keyPath));
    const ownTag = tag ?? content.tag;
    const state: KeyMade = {
      state: 'KeyMade',
      tenantId: content.tenantId,
      packageId: content.packageId,
      enrolmentToken: content.enrolmentToken,
      server: { url: content.serverUrl, caPem: content.caPem, commandKey: content.commandKey },
      ...(ownTag === undefined ? {} : { tag: ownTag }),
    };
    await writeJsonDurably(this.#statePath, state);
    return { state, key };
  }

  async #clearEnrolment(): Promise<void> {
    for (const name of OF_ONE_ENROLMENT) await removeDurably(join(this.#home, name));
  }

  get #statePath(): string {
    return join(this.#home, 'onboarding.json');
  }
}

function unreachable(value: never): never {
  throw new Error(`unknown onboarding state: ${JSON.stringify(value)}`);
}
