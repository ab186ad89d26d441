/** The certificate by which an application proves itself: only its key and its end count, nobody needs to have signed it. Pure. */
import { createHash, X509Certificate } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import type { JWK } from 'jose';

const MIN_RSA_BITS = 2048;

export interface CertificateFacts {
  /** Base64url of the hash of the DER text: `x5t` of an assertion. */
  readonly sha1: string;
  /** The same for `x5t#S256`. */
  readonly sha256: string;
  readonly subject: string;
  readonly publicJwk: JWK;
  readonly expiresAt: Date;
}

/** @throws InvalidInput naming what is wrong with it */
export function readCertificate(pem: string, now: Date): CertificateFacts {
  if (/PRIVATE KEY/.test(pem))
    throw new ApiError(
      'InvalidInput',
      'The text holds a private key. Send the certificate alone; the key stays with the program.',
    );
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new ApiError('InvalidInput', 'The text is not an X.509 certificate in PEM form.');
  }
  const { publicKey } = certificate;
  if (
    publicKey.asymmetricKeyType !== 'rsa' ||
    (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS
  )
    throw new ApiError('InvalidInput', `The certificate needs an RSA key of at least ${MIN_RSA_BITS} bits.`);
  const expiresAt = new Date(certificate.validTo);
  if (expiresAt <= now)
    throw new ApiError('InvalidInput', `The certificate ended on ${expiresAt.toISOString().slice(0, 10)}.`);
  const hash = (algorithm: string) => createHash(algorithm).update(certificate.raw).digest('base64url');
  return {
    sha1: hash('sha1'),
    sha256: hash('sha256'),
    subject: certificate.subject.replaceAll('\n', ', ').slice(0, 500),
    publicJwk: publicKey.export({ format: 'jwk' }) as JWK,
    expiresAt,
  };
}
