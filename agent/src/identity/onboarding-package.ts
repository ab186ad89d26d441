/** Reads `merlon_onboard.json` and checks all of it that can be checked without the server. */
import { createHash, X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ENROLMENT_TOKEN_TYPE, EnrolmentClaims, isoToMs, nowIso7, OnboardingPackage } from '@merlon/contract';
import { compactVerify, importJWK } from 'jose';
import { AgentError, messageOf } from '../agent-error.ts';
import { check } from '../files/check.ts';

/** @throws AgentError naming what is wrong with the package. */
export async function checkOnboardingPackage(text: string, now: Date): Promise<OnboardingPackage> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AgentError(`the onboarding package is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const content = check(OnboardingPackage, value, 'the onboarding package');
  checkServerUrl(content.serverUrl);
  checkCa(content.caPem);
  if (content.proxyUrl !== undefined) {
    throw new AgentError(
      'the onboarding package asks for a proxy (proxyUrl), which this agent does not support',
    );
  }
  const claims = await enrolmentClaims(content);
  if (claims.tid !== content.tenantId || claims.pkg !== content.packageId) {
    throw new AgentError(
      'the enrolment token in the onboarding package belongs to another package: it was altered',
    );
  }
  requireUnaltered(content, claims);
  requireUnexpired('onboarding', content.expiresAt, claims.exp, now);
  return content;
}

/** What the token says too, it says of this content: whoever carries the package cannot turn it to another server, authority, proxy or agent. */
function requireUnaltered(content: OnboardingPackage, { srv, ca, prx, tag, agt }: EnrolmentClaims): void {
  // Packages made before the token said so.
  if (srv === undefined) return;
  const signed: readonly (readonly [name: string, signed: unknown, found: unknown])[] = [
    ['serverUrl', srv, content.serverUrl],
    ['caPem', ca, createHash('sha256').update(content.caPem).digest('base64url')],
    ['proxyUrl', prx, content.proxyUrl],
    ['tag', tag, content.tag],
    ['agents', agt, content.agents],
  ];
  for (const [name, expected, found] of signed)
    if (!isDeepStrictEqual(expected, found))
      throw new AgentError(
        `${name} in the onboarding package is not the one that was signed: it was altered`,
      );
}

/** @param expiresAt what the package says. @param exp what its token says, in seconds */
export function requireUnexpired(
  kind: 'onboarding' | 'offboarding',
  expiresAt: string,
  exp: number,
  now: Date,
): void {
  const expiresMs = Math.min(isoToMs(expiresAt), exp * 1000);
  if (Number.isNaN(expiresMs)) throw new AgentError(`the ${kind} package has no valid expiry (expiresAt)`);
  if (expiresMs <= now.getTime()) {
    throw new AgentError(
      `the ${kind} package expired at ${nowIso7(new Date(expiresMs))} (this device's clock says ${nowIso7(now)}): make a new one`,
    );
  }
}

async function enrolmentClaims(content: OnboardingPackage): Promise<EnrolmentClaims> {
  let payload: unknown;
  try {
    const key = await importJWK(content.commandKey, 'EdDSA');
    const verified = await compactVerify(content.enrolmentToken, key, { algorithms: ['EdDSA'] });
    if (verified.protectedHeader.typ !== ENROLMENT_TOKEN_TYPE)
      throw new Error('it is a token of another kind');
    payload = JSON.parse(Buffer.from(verified.payload).toString('utf8'));
  } catch (error) {
    throw new AgentError(
      `the enrolment token in the onboarding package is not signed by the package's command key: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return check(EnrolmentClaims, payload, 'the enrolment token');
}

function checkServerUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:') {
    throw new AgentError(`the onboarding package names no https server: serverUrl is "${text}"`);
  }
}

function checkCa(pem: string): void {
  try {
    if (new X509Certificate(pem).ca) return;
  } catch (error) {
    throw new AgentError(`caPem in the onboarding package is not a certificate: ${messageOf(error)}`, {
      cause: error,
    });
  }
  throw new AgentError('caPem in the onboarding package is not the certificate of an authority');
}
