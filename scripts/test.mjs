// `npm test`: everything that needs no outside service. In a fresh clone it installs first.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => `${root}node_modules/.bin/${name}`;

function run(title, command, args) {
  process.stdout.write(`\n== ${title}\n`);
  const { status, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write(`${title} failed (${signal ?? status})\n`);
    process.exit(status || 1);
  }
}

if (!existsSync(bin('vitest'))) run('install', 'npm', ['ci', '--no-audit', '--no-fund']);
run('format and lint', bin('biome'), ['check', '--error-on-warnings', '.']);
run('types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']);
if (existsSync(`${root}portal/tsconfig.json`))
  run('portal types', bin('tsc'), ['--noEmit', '-p', 'portal/tsconfig.json']);
run('dependency direction', bin('depcruise'), [
  '--config',
  '.dependency-cruiser.mjs',
  'packages',
  'server/src',
  'agent/src',
]);
run('unused code', bin('knip'), ['--no-config-hints']);
run('unit tests', bin('vitest'), ['run', '--project', 'unit']);
run('integration tests', bin('vitest'), ['run', '--project', 'integration']);
