/** An authority of a test's own that issues any number of certificates, by the openssl command. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Issued {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS#8, without a passphrase. */
  readonly key: string;
}

export interface CertificateAuthority {
  /** PEM. */
  readonly ca: string;
  /** @param names subject alternative names as openssl writes them: `DNS:localhost`, `IP:127.0.0.1`; none for a client */
  issue(commonName: string, names?: readonly string[]): Issued;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function certificateAuthority(name = 'Test authority'): CertificateAuthority {
  const authority = inFolder((dir, openssl) => {
    openssl([
      ...[
        'req',
        '-x509',
        ...KEY,
        '-keyout',
        'ca.key',
        '-out',
        'ca.pem',
        '-days',
        '30',
        '-subj',
        `/CN=${name}`,
      ],
      ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'],
    ]);
    return {
      ca: readFileSync(join(dir, 'ca.pem'), 'utf8'),
      key: readFileSync(join(dir, 'ca.key'), 'utf8'),
    };
  });
  return {
    ca: authority.ca,
    issue: (commonName, names = []) =>
      inFolder((dir, openssl) => {
        writeFileSync(join(dir, 'ca.pem'), authority.ca);
        writeFileSync(join(dir, 'ca.key'), authority.key);
        writeFileSync(
          join(dir, 'extensions'),
          [
            'basicConstraints=CA:FALSE',
            ...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : []),
          ].join('\n'),
        );
        openssl(['req', ...KEY, '-keyout', 'key', '-out', 'csr', '-subj', `/CN=${commonName}`]);
        openssl([
          ...['x509', '-req', '-in', 'csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
          ...['-days', '30', '-extfile', 'extensions', '-out', 'certificate'],
        ]);
        return {
          certificate: readFileSync(join(dir, 'certificate'), 'utf8'),
          key: readFileSync(join(dir, 'key'), 'utf8'),
        };
      }),
  };
}

function inFolder<T>(work: (dir: string, openssl: (args: readonly string[]) => void) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-certificates-'));
  try {
    return work(dir, (args) => {
      execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
