/** Reads an offboarding package and checks it against the onboarding that it shall end. */
import { OFFBOARDING_TOKEN_TYPE, OffboardingClaims, OffboardingPackage } from '@merlon/contract';
import { compactVerify, importJWK } from 'jose';
import { AgentError, messageOf } from '../agent-error.ts';
import { check } from '../files/check.ts';
import { requireUnexpired } from './onboarding-package.ts';
import type { Enrolled } from './onboarding-state.ts';

/** @throws AgentError naming why it does not end this onboarding: another tenant's, not signed by the pinned key, expired, altered. */
export async function checkOffboardingPackage(text: string, enrolled: Enrolled, now: Date): Promise<void> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AgentError(`the offboarding package is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const content = check(OffboardingPackage, value, 'the offboarding package');
  if (content.tenantId !== enrolled.tenantId)
    throw new AgentError(
      `the offboarding package is of tenant ${content.tenantId}; this device is onboarded to ${enrolled.tenantId}`,
    );
  const claims = await offboardingClaims(content, enrolled);
  if (claims.tid !== content.tenantId || claims.pkg !== content.packageId)
    throw new AgentError('the token in the offboarding package belongs to another package: it was altered');
  requireUnexpired('offboarding', content.expiresAt, claims.exp, now);
}

async function offboardingClaims(
  content: OffboardingPackage,
  enrolled: Enrolled,
): Promise<OffboardingClaims> {
  let payload: unknown;
  try {
    const key = await importJWK(enrolled.server.commandKey, 'EdDSA');
    const verified = await compactVerify(content.offboardingToken, key, { algorithms: ['EdDSA'] });
    if (verified.protectedHeader.typ !== OFFBOARDING_TOKEN_TYPE)
      throw new Error('it is a token of another kind');
    payload = JSON.parse(Buffer.from(verified.payload).toString('utf8'));
  } catch (error) {
    throw new AgentError(
      `the token in the offboarding package is not signed by the server that this device was onboarded to: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return check(OffboardingClaims, payload, 'the offboarding token');
}
