/** The files of the embedded server: its data and its password, in one folder that only its own OS user may enter. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Identity, launchAs } from '@merlon/child-engine';

export interface ClusterFiles {
  readonly data: string;
  readonly password: string;
}

export const SUPERUSER = 'merlon';
/** Counts the ways in which a new cluster was ever made: a change below makes the tests' template anew. */
export const CLUSTER_VERSION = 2;

/** Makes a new cluster where there is none. One that was cut off while it was made is made again. */
export async function ensureCluster(options: {
  dir: string;
  native: string;
  identity: Identity;
  durable: boolean;
}): Promise<ClusterFiles> {
  const { dir } = options;
  const data = join(dir, 'data');
  const passwordPath = join(dir, 'password');
  if (existsSync(data)) {
    if (!existsSync(passwordPath)) {
      throw new Error(
        `there is a database in ${data}, but its password, ${passwordPath}, is gone: restore both from one backup`,
      );
    }
    return { data, password: readFileSync(passwordPath, 'utf8').trim() };
  }
  const password = randomBytes(24).toString('base64url');
  const fresh = `${data}.new`;
  rmSync(fresh, { recursive: true, force: true });
  writePrivate(passwordPath, password);
  await initialise(fresh, password, options);
  // The name says that it is whole.
  renameSync(fresh, data);
  return { data, password };
}

async function initialise(
  data: string,
  password: string,
  { dir, native, identity, durable }: { dir: string; native: string; identity: Identity; durable: boolean },
): Promise<void> {
  const passwordFile = join(dir, 'initdb.pw');
  rmSync(passwordFile, { force: true });
  writePrivate(passwordFile, password);
  if (identity.user) chownSync(passwordFile, identity.user.uid, identity.user.gid);
  const { command, args, ...ids } = launchAs(
    join(native, 'bin', 'initdb'),
    [
      ...['--pgdata', data, '--username', SUPERUSER, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
      // Order by code points, as C has it, and letter case of all Unicode: people's names are not all ASCII.
      ...[
        '--encoding',
        'UTF8',
        '--locale',
        'C',
        '--locale-provider',
        'builtin',
        '--builtin-locale',
        'C.UTF-8',
      ],
      ...['--data-checksums', '--no-instructions'],
      ...(durable ? [] : ['--no-sync']),
    ],
    identity,
    'KILL',
  );
  try {
    await promisify(execFile)(command, args, {
      ...ids,
      cwd: dir,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C.UTF-8' },
    });
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`the database could not be initialised in ${dir}: ${words || (error as Error).message}`, {
      cause: error,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Never through a name that is there already: the folder is another user's, who could have made it a link. */
function writePrivate(path: string, text: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, `${text}\n`, { mode: 0o600, flag: 'wx' });
}
