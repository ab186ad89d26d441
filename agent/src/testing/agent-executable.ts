/** The single executable, built for a test, and a machine that has nothing but it and the C and C++ runtime. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../../scripts/build-agent.mjs', import.meta.url));

/** Path of the executable, made in the folder. Seconds. */
export function buildExecutable(folder: string): string {
  execFileSync(process.execPath, [SCRIPT, '--out', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(folder, `merlon-agent-linux-${process.arch}`);
}

/** Null, or why the executable cannot be built and run in a root of its own here. */
export function whyNoBareMachine(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `no mount namespace: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Fills the folder with `/merlon-agent`, the shared objects it names, and empty `/proc`, `/sys`, `/dev`. @returns words that run a command in it. */
export function makeBareMachine(root: string, executable: string): string[] {
  for (const folder of ['proc', 'sys', 'dev', 'etc', 'tmp'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(executable, join(root, 'merlon-agent'));
  const needed = execFileSync('ldd', [executable], { encoding: 'utf8' });
  for (const [, path = ''] of needed.matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
  writeFileSync(join(root, 'dev/null'), '');
  const enter = [
    'set -e',
    `mount --bind ${root} ${root}`,
    `mount --bind /dev/null ${root}/dev/null`,
    `mount --rbind /proc ${root}/proc`,
    `mount --rbind /sys ${root}/sys`,
    `exec chroot ${root} "$@"`,
  ];
  return ['unshare', '--mount', '--fork', '--kill-child', 'sh', '-c', enter.join('\n'), 'sh'];
}
