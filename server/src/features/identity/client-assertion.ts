/**
 * A client's signed word in place of a secret (RFC 7523), as the real service takes it: RS256 or PS256, the certificate named by `x5t` or
 * `x5t#S256`, the token address or the issuer as audience. https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 *
 * An assertion may come more than once: the libraries keep one until it ends.
 */
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { AadstsError } from './aadsts.ts';
import type { AssertionKey } from './apps.ts';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ALGORITHMS = ['RS256', 'PS256'];
const CLOCK_TOLERANCE_S = 300;
/** The real service takes none that lives longer than a day. */
const MAX_LIFE_S = 86_400;
const MAX_LENGTH = 16_384;

export interface AssertionCheck {
  readonly clientId: string;
  readonly keys: readonly AssertionKey[];
  /** Addresses that may stand as audience. */
  readonly audiences: readonly string[];
  readonly now: Date;
}

/** The client id an assertion speaks for, before anything of it is believed. Null: it does not say. */
export function assertionSubject(assertion: string): string | null {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8'),
    );
    const subject = (payload as { sub?: unknown } | null)?.sub;
    return typeof subject === 'string' ? subject : null;
  } catch {
    return null;
  }
}

/** @throws AadstsError saying what is wrong */
export async function checkAssertion(
  assertion: string,
  { clientId, keys, audiences, now }: AssertionCheck,
): Promise<void> {
  const key = keyOf(assertion, keys, clientId);
  if (key.expiresAt <= now)
    throw new AadstsError(
      700027,
      `The certificate of app '${clientId}' that signed the assertion has ended.`,
    );
  try {
    const { payload } = await jwtVerify(assertion, await importJWK(key.jwk, algorithmOf(assertion)), {
      algorithms: ALGORITHMS,
      audience: [...audiences],
      issuer: clientId,
      subject: clientId,
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: now,
      requiredClaims: ['exp', 'aud', 'iss', 'sub'],
    });
    if (Number(payload.exp) - now.getTime() / 1_000 > MAX_LIFE_S + CLOCK_TOLERANCE_S)
      throw new AadstsError(700024, 'The assertion lives longer than a day.');
  } catch (error) {
    if (error instanceof AadstsError) throw error;
    const claim = (error as { claim?: string }).claim;
    if (claim === 'exp' || claim === 'nbf' || claim === 'iat')
      throw new AadstsError(700024, 'The assertion is not within its valid time range.');
    if (claim === 'aud')
      throw new AadstsError(700021, `The audience of the assertion must be ${audiences[0]}.`);
    if (claim === 'iss' || claim === 'sub')
      throw new AadstsError(700021, 'Issuer and subject of the assertion must be the client id.');
    throw new AadstsError(
      700027,
      'The signature of the assertion is not valid, or its algorithm is not RS256 or PS256.',
    );
  }
}

function keyOf(assertion: string, keys: readonly AssertionKey[], clientId: string): AssertionKey {
  if (assertion.length > MAX_LENGTH) throw new AadstsError(50027, 'The assertion is too long.');
  let header: Record<string, unknown>;
  try {
    header = decodeProtectedHeader(assertion) as Record<string, unknown>;
  } catch {
    throw new AadstsError(50027, 'The assertion is not a JSON Web Token.');
  }
  const [sha256Named, sha1Named] = [thumbprint(header['x5t#S256']), thumbprint(header.x5t)];
  const key = keys.find(
    ({ sha1, sha256 }) => sha256Named === sha256 || sha1Named === sha1 || header.kid === hexOf(sha1),
  );
  if (!key)
    throw new AadstsError(
      700027,
      `The certificate that signed the assertion is not registered on app '${clientId}'; the assertion must name it by x5t or x5t#S256.`,
    );
  return key;
}

/** A key serves one algorithm; one that is not taken is refused when the signature is checked. */
function algorithmOf(assertion: string): string {
  const { alg } = decodeProtectedHeader(assertion);
  return alg === 'PS256' ? 'PS256' : 'RS256';
}

/** Base64url by the letter; some libraries write plain Base64, or pad it. */
function thumbprint(value: unknown): string | null {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('base64url') : null;
}

/** Some libraries name the certificate by its thumbprint in hexadecimal. */
function hexOf(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('hex').toUpperCase();
}
