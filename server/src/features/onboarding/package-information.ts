/** What a package carries to devices, signed by the command key: the same facts give the same bytes. Nothing in it is a secret of one device. */
import { createHash } from 'node:crypto';
import {
  type AgentChecksums,
  ENROLMENT_TOKEN_TYPE,
  type EnrolmentClaims,
  nowIso7,
  OFFBOARDING_TOKEN_TYPE,
  type OffboardingClaims,
  type OffboardingPackage,
  type OnboardingPackage,
} from '@merlon/contract';
import type { CommandKey } from './command-key.ts';
import type { PackageKind } from './package-tools.ts';

export interface PackageFacts {
  readonly tenantId: string;
  readonly packageId: string;
  readonly kind: PackageKind;
  readonly serverUrl: string;
  readonly caPem: string;
  readonly proxyUrl: string | null;
  readonly tag: string | null;
  readonly agents: AgentChecksums;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface PackageInformation {
  readonly content: OnboardingPackage | OffboardingPackage;
  /** The token within it, which alone authorises. */
  readonly token: string;
}

export async function packageInformation(facts: PackageFacts, key: CommandKey): Promise<PackageInformation> {
  const { tenantId, packageId } = facts;
  const times = { iat: seconds(facts.createdAt), exp: seconds(facts.expiresAt) };
  const whose = { version: 1 as const, tenantId, packageId };
  const expiresAt = nowIso7(facts.expiresAt);
  if (facts.kind === 'offboarding') {
    const claims: OffboardingClaims = { tid: tenantId, pkg: packageId, ...times };
    const token = await key.sign(OFFBOARDING_TOKEN_TYPE, claims);
    return { token, content: { kind: 'merlon-offboarding', ...whose, offboardingToken: token, expiresAt } };
  }
  const { serverUrl, caPem, proxyUrl, tag, agents } = facts;
  const withAgents = Object.keys(agents).length > 0;
  const claims: EnrolmentClaims = {
    tid: tenantId,
    pkg: packageId,
    ...times,
    ...(tag === null ? {} : { tag }),
    srv: serverUrl,
    ca: createHash('sha256').update(caPem).digest('base64url'),
    ...(proxyUrl === null ? {} : { prx: proxyUrl }),
    ...(withAgents ? { agt: agents } : {}),
  };
  const token = await key.sign(ENROLMENT_TOKEN_TYPE, claims);
  return {
    token,
    content: {
      kind: 'merlon-onboarding',
      ...whose,
      serverUrl,
      caPem,
      commandKey: key.publicJwk,
      enrolmentToken: token,
      expiresAt,
      ...(tag === null ? {} : { tag }),
      ...(proxyUrl === null ? {} : { proxyUrl }),
      ...(withAgents ? { agents } : {}),
    },
  };
}

const seconds = (at: Date) => Math.floor(at.getTime() / 1000);
