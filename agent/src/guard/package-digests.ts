/**
 * Digests of the files that the distribution's packages brought, as the package manager wrote them down. Whoever is root can write others there: this tells what nobody
 * installed from what somebody did, not what is harmless. Debian keeps MD5, for which nobody can make a second file to a given digest; RPM keeps SHA-256.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AgentError, codeOf, messageOf } from '../agent-error.ts';
import { DigestList } from './digest-list.ts';

const NEWLINE = 10;
const MD5_DIGITS = 32;
const RPM_LIMIT_MS = 60_000;
const RPM_MAX_BYTES = 256 * 1024 * 1024;

export interface PackageFiles {
  readonly manager: 'dpkg' | 'rpm';
  readonly packages: number;
  readonly list: DigestList;
  /** Changes when packages do. */
  readonly stamp: string;
}

export interface PackagePlaces {
  readonly dpkg: string;
  readonly rpm: readonly string[];
}

const PLACES: PackagePlaces = { dpkg: '/var/lib/dpkg', rpm: ['/usr/lib/sysimage/rpm', '/var/lib/rpm'] };

/** `own` are SHA-256 of files that may run besides. @throws AgentError where there is no package manager that is known here. */
export async function readPackageFiles(own: readonly string[], places = PLACES): Promise<PackageFiles> {
  const stamp = await packageStamp(places);
  const sums = await dpkgSums(join(places.dpkg, 'info'));
  if (sums.packages > 0) {
    const list = DigestList.of({ md5: sums.digests(), sha256: own });
    return { manager: 'dpkg', packages: sums.packages, list, stamp };
  }
  try {
    const { stdout } = await promisify(execFile)(
      'rpm',
      ['-qa', '--queryformat', '[%{FILEDIGESTS}\\n]%{NAME}=\\n'],
      {
        timeout: RPM_LIMIT_MS,
        maxBuffer: RPM_MAX_BYTES,
        env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin', LC_ALL: 'C' },
      },
    );
    const { md5, sha256, packages } = parseRpmDigests(stdout);
    if (packages > 0)
      return { manager: 'rpm', packages, list: DigestList.of({ md5, sha256: [...sha256, ...own] }), stamp };
  } catch (error) {
    throw new AgentError(`no package manager tells what it brought: ${messageOf(error)}`, { cause: error });
  }
  throw new AgentError('no package manager tells what it brought');
}

/** Changes when packages are installed or removed. */
export async function packageStamp(places = PLACES): Promise<string> {
  const stamps: string[] = [];
  for (const path of [join(places.dpkg, 'status'), join(places.dpkg, 'info'), ...places.rpm]) {
    try {
      stamps.push(`${path} ${(await stat(path)).mtimeMs}`);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return stamps.join('\n');
}

async function dpkgSums(folder: string): Promise<{ digests: () => Iterable<string>; packages: number }> {
  let names: string[] = [];
  try {
    names = (await readdir(folder)).filter((name) => name.endsWith('.md5sums'));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  // One at a time and line by line: all of them are tens of megabytes of text, in which only the first characters of a line count.
  const digests = function* () {
    for (const name of names) {
      const text = readFileSync(join(folder, name));
      for (let at = 0; at < text.length; ) {
        const end = text.indexOf(NEWLINE, at);
        yield text.toString('latin1', at, at + MD5_DIGITS);
        at = end < 0 ? text.length : end + 1;
      }
    }
  };
  return { digests, packages: names.length };
}

/** Lines of digests, MD5 or SHA-256 by their length, and of packages, which end in `=`. */
export function parseRpmDigests(text: string): { md5: string[]; sha256: string[]; packages: number } {
  const lines = text.split('\n');
  return {
    md5: lines.filter((line) => line.length === 32),
    sha256: lines.filter((line) => line.length === 64),
    packages: lines.filter((line) => line.endsWith('=')).length,
  };
}

/** In one buffer: an agent's own program has a hundred megabytes, and a stream would leave as much behind. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path);
  try {
    const chunk = Buffer.allocUnsafe(256 * 1024);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(chunk.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
