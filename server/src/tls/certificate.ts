/**
 * X.509 v3 certificates (RFC 5280) for a private authority: one CA, one server. ECDSA P-256 with SHA-256, which every TLS stack takes.
 * Node signs and later parses; only the envelope is written here. See docs/decisions/2026-11-24-tls.md.
 */
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import * as asn1 from './der.ts';

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const DAY_MS = 86_400_000;
/** Clients whose clock lags a little still take a fresh certificate. */
const BACKDATE_MS = DAY_MS;

export interface KeyAndCertificate {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
}

export function createAuthority(commonName: string, now: Date, days: number): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = issue({
    subject: name(commonName),
    issuer: name(commonName),
    publicKey,
    signer: privateKey,
    now,
    days,
    extensions: [
      extension(
        OID.basicConstraints,
        asn1.sequence(asn1.boolean(true), asn1.integer(Buffer.from([0]))),
        true,
      ),
      // keyCertSign, cRLSign
      extension(OID.keyUsage, asn1.bitString(Buffer.from([0b0000_0110]), 1), true),
      extension(OID.subjectKeyId, asn1.octets(keyId(publicKey))),
    ],
  });
  return { key: privateKey, certificate };
}

/** `names`: host names and IP addresses, the first becoming the common name. */
export function createServerCertificate(
  authority: KeyAndCertificate,
  names: readonly string[],
  now: Date,
  days: number,
): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = issue({
    // RFC 5280 bounds a common name at 64 characters; clients read the alternative names anyway.
    subject: name((names[0] ?? 'localhost').slice(0, 64)),
    issuer: name(commonNameOf(authority.certificate)),
    publicKey,
    signer: authority.key,
    now,
    days,
    extensions: [
      extension(OID.basicConstraints, asn1.sequence(), true),
      // digitalSignature
      extension(OID.keyUsage, asn1.bitString(Buffer.from([0b1000_0000]), 7), true),
      extension(OID.extendedKeyUsage, asn1.sequence(asn1.oid(OID.serverAuth))),
      extension(OID.subjectKeyId, asn1.octets(keyId(publicKey))),
      extension(OID.authorityKeyId, asn1.sequence(asn1.implicit(0, keyId(authority.certificate.publicKey)))),
      extension(OID.subjectAltName, asn1.sequence(...names.map(alternativeName))),
    ],
  });
  return { key: privateKey, certificate };
}

interface Contents {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly now: Date;
  readonly days: number;
  readonly extensions: readonly Buffer[];
}

function issue(contents: Contents): X509Certificate {
  const algorithm = asn1.sequence(asn1.oid(OID.ecdsaWithSha256));
  const body = asn1.sequence(
    asn1.explicit(0, asn1.integer(Buffer.from([2]))), // v3
    asn1.integer(serial()),
    algorithm,
    contents.issuer,
    asn1.sequence(
      asn1.time(new Date(contents.now.getTime() - BACKDATE_MS)),
      asn1.time(new Date(contents.now.getTime() + contents.days * DAY_MS)),
    ),
    contents.subject,
    contents.publicKey.export({ type: 'spki', format: 'der' }),
    asn1.explicit(3, asn1.sequence(...contents.extensions)),
  );
  return new X509Certificate(
    asn1.sequence(body, algorithm, asn1.bitString(sign('sha256', body, contents.signer))),
  );
}

/** 127 random bits: positive, not zero, within the 20 octets of RFC 5280. */
function serial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function name(commonName: string): Buffer {
  const attribute = (type: string, value: string) =>
    asn1.set(asn1.sequence(asn1.oid(type), asn1.utf8(value)));
  return asn1.sequence(attribute(OID.organization, 'Merlon'), attribute(OID.commonName, commonName));
}

function commonNameOf(certificate: X509Certificate): string {
  const line = certificate.subject.split('\n').find((part) => part.startsWith('CN='));
  if (!line) throw new Error('the authority certificate has no common name');
  return line.slice(3);
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return asn1.sequence(asn1.oid(id), ...(critical ? [asn1.boolean(true)] : []), asn1.octets(value));
}

/** RFC 5280 §4.2.1.2, method 1: SHA-1 of the public key's bits. A name for the key, not a protection. */
function keyId(publicKey: KeyObject): Buffer {
  const jwk = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([
    Buffer.from([4]),
    Buffer.from(jwk.x ?? '', 'base64url'),
    Buffer.from(jwk.y ?? '', 'base64url'),
  ]);
  return createHash('sha1').update(point).digest();
}

function alternativeName(value: string): Buffer {
  return isIP(value) ? asn1.implicit(7, addressBytes(value)) : asn1.implicit(2, Buffer.from(value, 'ascii'));
}

/** 4 or 16 bytes. IPv6 without zone. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const withHexTail = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  );
  const [head = '', tail] = withHexTail.split('::');
  const groups = (text: string | undefined) => (text ? text.split(':') : []);
  const front = groups(head);
  const back = groups(tail);
  const all =
    tail === undefined
      ? front
      : [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  return Buffer.from(
    all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}
