/**
 * The server's TLS identity in `$MERLON_HOME`: `ca.pem` (what clients trust), and under `tls/` the private parts. The CA is made once; the
 * server certificate is remade when it nears its end, when the names the server answers to have changed, or when it no longer fits the CA.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createAuthority, createServerCertificate, type KeyAndCertificate } from './certificate.ts';

const CA_DAYS = 3_650;
/** Apple platforms refuse server certificates valid for more than 825 days, also under a private CA. */
const SERVER_DAYS = 397;
const RENEW_BEFORE_MS = 30 * 86_400_000;

export interface ServerIdentity {
  readonly caPem: string;
  readonly keyPem: string;
  /** Server certificate followed by the CA. */
  readonly chainPem: string;
  readonly names: readonly string[];
  readonly notAfter: Date;
  /** True when a new server certificate was made by this call. */
  readonly renewed: boolean;
}

export interface IdentityOptions {
  readonly home: string;
  readonly names: readonly string[];
  readonly now: Date;
}

export async function ensureServerIdentity({ home, names, now }: IdentityOptions): Promise<ServerIdentity> {
  const folder = join(home, 'tls');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const authority = await ensureAuthority(home, folder, now);
  const paths = { key: join(folder, 'server.key'), certificate: join(folder, 'server.pem') };
  const present = await load(paths.key, paths.certificate);
  const renewed = !present || !stillFits(present, authority, names, now);
  const server = renewed ? createServerCertificate(authority, names, now, SERVER_DAYS) : present;
  if (renewed) await store(server, paths.key, paths.certificate);
  const caPem = pem(authority.certificate);
  return {
    caPem,
    keyPem: keyPem(server.key),
    chainPem: pem(server.certificate) + caPem,
    names,
    notAfter: new Date(server.certificate.validTo),
    renewed,
  };
}

async function ensureAuthority(home: string, folder: string, now: Date): Promise<KeyAndCertificate> {
  const keyPath = join(folder, 'ca.key');
  const certificatePath = join(home, 'ca.pem');
  const present = await load(keyPath, certificatePath);
  if (present) return present;
  if (existsSync(keyPath) || existsSync(certificatePath)) {
    // Making a new authority here would silently lock out every device that pinned the old one.
    throw new Error(
      `${keyPath} and ${certificatePath} belong together, but one is missing; restore it from a backup, or remove both to start a new authority`,
    );
  }
  const authority = createAuthority(
    `Merlon CA ${hostname().slice(0, 40)} ${now.toISOString().slice(0, 10)}`,
    now,
    CA_DAYS,
  );
  await store(authority, keyPath, certificatePath, 0o644);
  return authority;
}

async function load(keyPath: string, certificatePath: string): Promise<KeyAndCertificate | null> {
  if (!existsSync(keyPath) || !existsSync(certificatePath)) return null;
  const key: KeyObject = createPrivateKey(await readFile(keyPath));
  const certificate = new X509Certificate(await readFile(certificatePath));
  return certificate.checkPrivateKey(key) ? { key, certificate } : null;
}

/** Certificate before key: a crash between the two leaves a pair that does not match, which `load` treats as absent. */
async function store(
  pair: KeyAndCertificate,
  keyPath: string,
  certificatePath: string,
  certificateMode = 0o600,
): Promise<void> {
  await replace(certificatePath, pem(pair.certificate), certificateMode);
  await replace(keyPath, keyPem(pair.key), 0o600);
}

async function replace(path: string, content: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, content, { mode });
  await chmod(`${path}.new`, mode);
  await rename(`${path}.new`, path);
}

function stillFits(
  server: KeyAndCertificate,
  authority: KeyAndCertificate,
  names: readonly string[],
  now: Date,
): boolean {
  const covered = new Set(alternativeNames(server.certificate));
  return (
    server.certificate.verify(authority.certificate.publicKey) &&
    new Date(server.certificate.validTo).getTime() - now.getTime() > RENEW_BEFORE_MS &&
    names.every((name) => covered.has(canonical(name)))
  );
}

function alternativeNames(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .map((entry) => canonical(entry.replace(/^(DNS|IP Address):/, '')));
}

/** Node prints IPv6 addresses uncompressed; URL parsing brings both spellings to one. */
function canonical(name: string): string {
  return name.includes(':') ? new URL(`https://[${name}]`).hostname.slice(1, -1) : name.toLowerCase();
}

/** Every name and address under which a client on this machine or its networks may reach the server. */
export function serverNames(publicUrl: string | null): string[] {
  const names = ['localhost', '127.0.0.1', '::1', hostname()];
  if (publicUrl) names.unshift(new URL(publicUrl).hostname.replace(/^\[|\]$/g, ''));
  for (const addresses of Object.values(networkInterfaces())) {
    // Link-local IPv6 addresses need a zone, which a certificate cannot hold.
    for (const { address } of addresses ?? [])
      if (!address.startsWith('fe80:') && !address.includes('%')) names.push(address);
  }
  return [...new Set(names.map(canonical))].filter((name) => /^[\x21-\x7e]+$/.test(name));
}

const pem = (certificate: X509Certificate): string => certificate.toString();
const keyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
