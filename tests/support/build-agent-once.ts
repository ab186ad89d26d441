import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What journeys install on their machines. */
export const AGENT_EXECUTABLE = `${root}dist/merlon-agent-linux-${process.arch}`;

/** Makes the agent's single executable, in seconds. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build-agent.mjs'], { cwd: root, stdio: 'inherit' });
}
