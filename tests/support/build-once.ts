import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Builds the server, agent and engine launchers once, since these suites start them as real processes. */
export default function setup(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  execFileSync(process.execPath, ['scripts/build.mjs', '--skip-portal-if-built'], {
    cwd: root,
    stdio: 'inherit',
  });
}
