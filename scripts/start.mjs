// `npm start`: from a fresh clone to a running server. Installs and builds only what is missing or out of date, then becomes the server.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const MINIMUM_NODE = [20, 19, 0];

refuseOldNode();
process.chdir(root);
if (!installed()) install();
build();
endWithNpm();
process.argv.splice(
  1,
  process.argv.length - 1,
  join(root, 'server/dist/main.js'),
  'serve',
  ...process.argv.slice(2),
);
await import('../server/dist/main.js');

function refuseOldNode() {
  const version = process.versions.node.split('.').map(Number);
  const differing = MINIMUM_NODE.findIndex((least, i) => version[i] !== least);
  if (differing < 0 || version[differing] > MINIMUM_NODE[differing]) return;
  console.error(
    `merlon: Merlon needs Node.js ${MINIMUM_NODE.join('.')} or newer; this is ${process.version}. See https://nodejs.org/en/download`,
  );
  process.exit(2);
}

/** npm passes a SIGTERM on to the shell between it and us, which ends without telling us. Then we notice that our parent is gone. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event !== 'start') return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}

/** npm leaves `node_modules/.package-lock.json` behind; a stamp of ours tells when a newer date of the lock file means nothing. */
function installed() {
  const done = 'node_modules/.package-lock.json';
  if (!existsSync(done)) return false;
  if (statSync(done).mtimeMs >= statSync('package-lock.json').mtimeMs) return true;
  return readStamp('install') === digest(['package-lock.json']);
}

function install() {
  console.error('merlon: installing packages (npm ci) …');
  run('npm', ['ci', '--no-fund', '--no-audit'], 'the packages could not be installed');
  writeStamp('install', digest(['package-lock.json']));
}

function build() {
  const now = digest(sources());
  if (products().every((file) => existsSync(file)) && readStamp('build') === now) return;
  console.error('merlon: building …');
  run(process.execPath, ['scripts/build.mjs'], 'the build failed');
  writeStamp('build', now);
}

function products() {
  const made = ['server/dist/main.js'];
  if (existsSync('agent/src/main.ts')) made.push('agent/dist/main.js');
  if (existsSync('portal/vite.config.ts')) made.push('portal/dist/index.html');
  return made;
}

function sources() {
  const packages = readdirSync('packages').map((name) => `packages/${name}`);
  const folders = [...packages, 'server', 'agent', 'portal'];
  return ['package-lock.json', 'scripts/build.mjs', ...folders.flatMap(filesUnder)].sort();
}

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory()
      ? filesUnder(path)
      : entry.isFile() && !/\.test\.tsx?$/.test(path)
        ? [path]
        : [];
  });
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function readStamp(name) {
  const path = `node_modules/.merlon-${name}`;
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

function writeStamp(name, value) {
  writeFileSync(`node_modules/.merlon-${name}`, value);
}

/** What the tools print goes to standard error: standard output belongs to the server's own lines. */
function run(command, args, problem) {
  const result = spawnSync(command, args, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (result.status === 0) return;
  console.error(`merlon: ${problem}${result.error ? `: ${result.error.message}` : ''}`);
  process.exit(1);
}
