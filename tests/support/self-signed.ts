/** A certificate of a program's own, as an administrator would make one. */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SelfSigned {
  /** Key and certificate in one file. */
  readonly bundle: string;
  /** The certificate alone. */
  readonly certificate: string;
  /** Of the certificate, hexadecimal. */
  readonly sha256: string;
}

export function selfSigned(folder: string, name: string): SelfSigned {
  const key = join(folder, `${name}.key.pem`);
  const certificate = join(folder, `${name}.pem`);
  const bundle = join(folder, `${name}.bundle.pem`);
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
    ],
    { stdio: 'pipe' },
  );
  writeFileSync(bundle, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'));
  const { raw } = new X509Certificate(readFileSync(certificate));
  return { bundle, certificate, sha256: createHash('sha256').update(raw).digest('hex') };
}
