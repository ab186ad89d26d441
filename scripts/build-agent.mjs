/**
 * Makes the agent one executable file, for devices that have neither Node nor npm: Node itself, the agent bundled with its npm packages, and
 * the files it cannot do without (Node's "single executable application"). The same inputs give the same bytes.
 *
 *   npm run build:agent -- [--out DIR] [--arch x64|arm64 --node FILE --libraries DIR]
 *
 * --out        where to: default dist
 * --arch       of the device: default this machine's
 * --node       the Node executable to build on, of this Node's version and of that architecture: default this one
 * --libraries  a folder with that architecture's libbpf.so.1, libelf.so.1 and libz.so.1: default where this machine's loader finds them.
 *              Without them the agent is built all the same, and uses the device's.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { inject } from 'postject';

const root = fileURLToPath(new URL('..', import.meta.url));
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
/** With the number that an ELF file has for it. */
const ARCHITECTURES = { x64: 62, arm64: 183 };
const ELF_MACHINE_AT = 18;
/** Threads of the agent: each a file of its own, for the loader of threads takes none from memory. */
const WORKERS = {
  'guard-worker.js': 'agent/src/guard/guard-worker.ts',
  'hash-worker.js': 'agent/src/sensor/hash-worker.mjs',
  'yara-worker.js': 'agent/src/scan/yara-worker.mjs',
};
/** In the order in which they are loaded. */
const LIBRARIES = ['libz.so.1', 'libelf.so.1', 'libbpf.so.1'];

class Problem extends Error {}

const options = readOptions();
const work = mkdtempSync(join(tmpdir(), 'merlon-build-'));
try {
  await buildAgent();
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(`build:agent: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        out: { type: 'string', default: join(root, 'dist') },
        arch: { type: 'string', default: process.arch },
        node: { type: 'string', default: process.execPath },
        libraries: { type: 'string' },
      },
    }).values;
  } catch (error) {
    console.error(`build:agent: ${error.message}`);
    process.exit(2);
  }
}

async function buildAgent() {
  const { arch } = options;
  if (!Object.hasOwn(ARCHITECTURES, arch))
    throw new Problem(`--arch must be ${Object.keys(ARCHITECTURES).join(' or ')}`);
  const { inputs, workers } = await bundle(arch);
  const libraries = findLibraries(arch);
  const missing = LIBRARIES.filter((name) => !libraries.has(name));
  const assets = new Map([
    ...workers,
    ['yara-x.wasm', join(root, 'node_modules/@virustotal/yara-x/pkg/yara_x_js_bg.wasm')],
    ['sensor.bpf.o', join(root, 'agent/native/sensor.bpf.o')],
    ['guard.bpf.o', join(root, 'agent/native/guard.bpf.o')],
    ['koffi.node', koffiNative(arch)],
    ...(missing.length > 0 ? [] : libraries),
  ]);
  const { node, stripped } = strippedNode();
  await injectBlob(node, blob(assets));

  const executable = readFileSync(node);
  const name = `merlon-agent-linux-${arch}`;
  const sha256 = hashOf(executable);
  const description = {
    name,
    version: JSON.parse(readFileSync(join(root, 'agent/package.json'), 'utf8')).version,
    architecture: arch,
    node: process.version,
    sha256,
    bytes: executable.byteLength,
    stripped,
    brings: Object.fromEntries([...assets].map(([asset, path]) => [asset, hashOf(readFileSync(path))])),
  };
  mkdirSync(options.out, { recursive: true });
  const out = join(options.out, name);
  // Under another name first: an agent that runs from here keeps its file.
  rmSync(out, { force: true });
  writeFileSync(out, executable, { mode: 0o755 });
  writeFileSync(`${out}.sha256`, `${sha256}  ${name}\n`);
  writeFileSync(`${out}.json`, `${JSON.stringify(description, null, 2)}\n`);
  writeFileSync(`${out}.licenses.txt`, licences(inputs, missing.length === 0));
  console.log(`${out}: ${(executable.byteLength / 1e6).toFixed(1)} MB, Node ${process.version}`);
  if (!stripped) console.log('not stripped: neither strip nor llvm-strip takes it here; the file is larger');
  if (missing.length > 0)
    console.log(`without ${missing.join(', ')}: devices need libbpf of their own (package libbpf1)`);
}

/** @returns the bundles, and which source files went into them. */
async function bundle(arch) {
  const common = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    legalComments: 'none',
  };
  const { metafile } = await build({
    ...common,
    entryPoints: [join(root, 'agent/src/main.ts')],
    outfile: join(work, 'agent.cjs'),
    format: 'cjs',
    // Names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    define: {
      // Read only where the agent is no executable.
      'import.meta.url': '""',
      // There is no npm package to be found at run time: ws need not look for its faster half.
      'process.env.WS_NO_BUFFER_UTIL': '"1"',
      'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
    },
    plugins: [koffiFromAssets(arch)],
    metafile: true,
  });
  const inputs = new Set(Object.keys(metafile.inputs));
  const workers = new Map();
  for (const [name, source] of Object.entries(WORKERS)) {
    const outfile = join(work, name);
    const { metafile: own } = await build({
      ...common,
      entryPoints: [join(root, source)],
      outfile,
      format: 'cjs',
      define: { 'import.meta.url': '""' },
      plugins: [koffiFromAssets(arch)],
      metafile: true,
    });
    for (const input of Object.keys(own.inputs)) inputs.add(input);
    workers.set(name, outfile);
  }
  return { inputs: [...inputs], workers };
}

/** esbuild plugin: koffi finds its native half among the agent's assets. */
function koffiFromAssets(arch) {
  const commonJs = createRequire(join(root, 'agent/src/main.ts')).resolve('koffi');
  return {
    name: 'koffi-from-assets',
    setup(b) {
      b.onResolve({ filter: /^koffi$/ }, () => ({ path: commonJs }));
      b.onResolve({ filter: /^@koromix\/koffi-/ }, ({ path }) => ({ path, namespace: 'koffi-native' }));
      b.onLoad({ filter: /./, namespace: 'koffi-native' }, ({ path }) => ({
        resolveDir: join(root, 'agent/src'),
        contents: path.endsWith(`/koffi-linux-${arch}`)
          ? `const { findAsset } = require('./asset-places.ts');
             const path = findAsset('koffi.node');
             if (path === null) throw new Error('koffi.node is not unpacked');
             process.dlopen(module, path);`
          : '',
      }));
    },
  };
}

function koffiNative(arch) {
  const name = `@koromix/koffi-linux-${arch}`;
  const folder = join(root, 'node_modules', name);
  if (!existsSync(folder)) {
    const { version } = JSON.parse(readFileSync(join(root, 'node_modules/koffi/package.json'), 'utf8'));
    throw new Problem(`npm install --no-save --force --os linux --cpu ${arch} ${name}@${version} first`);
  }
  return join(folder, `linux_${arch}/koffi.node`);
}

/** Name -> path, of those that are there. */
function findLibraries(arch) {
  if (options.libraries !== undefined) {
    const given = LIBRARIES.map((name) => [name, resolve(options.libraries, name)]);
    const absent = given.find(([, path]) => !existsSync(path));
    if (absent) throw new Problem(`there is no ${absent[1]}`);
    return new Map(given);
  }
  if (arch !== process.arch) return new Map();
  const cache = spawnSync('ldconfig', ['-p'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env.PATH}:/sbin:/usr/sbin` },
  });
  const kind = { x64: 'libc6,x86-64', arm64: 'libc6,AArch64' }[arch];
  const found = new Map();
  for (const line of (cache.stdout ?? '').split('\n')) {
    const [, name, of, path] = /^\s*(\S+) \(([^)]*)\) => (\S+)$/.exec(line) ?? [];
    if (LIBRARIES.includes(name) && of.startsWith(kind) && !found.has(name)) found.set(name, path);
  }
  return new Map(LIBRARIES.filter((name) => found.has(name)).map((name) => [name, found.get(name)]));
}

/** A copy of Node without its symbols, which are a tenth of it. */
function strippedNode() {
  const given = resolve(options.node);
  const content = readFileSync(given);
  if (content.readUInt16LE(ELF_MACHINE_AT) !== ARCHITECTURES[options.arch])
    throw new Problem(`${given} is not for ${options.arch}: give one that is with --node`);
  if (!content.includes(FUSE))
    throw new Problem(
      `${given} cannot be made a single executable (some distributions split Node into libraries): give one of nodejs.org with --node`,
    );
  if (!content.includes(process.version))
    throw new Problem(`${given} is not Node ${process.version}, which builds: both must be of one version`);
  const node = join(work, 'node');
  const stripped = ['strip', 'llvm-strip'].some(
    (tool) => spawnSync(tool, ['-o', node, given], { stdio: 'ignore' }).status === 0,
  );
  if (!stripped) writeFileSync(node, content, { mode: 0o755 });
  return { node, stripped };
}

function blob(assets) {
  const names = join(work, 'assets.json');
  writeFileSync(names, JSON.stringify([...assets.keys()]));
  const config = {
    // A bare name, since it is written into the blob.
    main: 'agent.cjs',
    output: 'agent.blob',
    disableExperimentalSEAWarning: true,
    assets: Object.fromEntries([...assets, ['assets.json', names]]),
  };
  writeFileSync(join(work, 'sea.json'), JSON.stringify(config));
  execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: work, stdio: 'pipe' });
  return readFileSync(join(work, 'agent.blob'));
}

async function injectBlob(node, content) {
  const { warn } = console;
  // postject's ELF library says so of every note segment of Node, which has no section of that name.
  console.warn = (text) => {
    if (!/Can't find string offset for section name/.test(text)) warn(text);
  };
  try {
    await inject(node, 'NODE_SEA_BLOB', content, { sentinelFuse: FUSE });
  } finally {
    console.warn = warn;
  }
}

function hashOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What must go along with the file when it is given to others. */
function licences(inputs, withLibraries) {
  const packages = new Set(
    inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  );
  const texts = [...packages].sort().map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'license.md']
      .map((candidate) => join(folder, candidate))
      .find(existsSync);
    return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(file, 'utf8').trim()}\n`;
  });
  const head = [
    'merlon-agent: Apache-2.0. sensor.bpf.o, guard.bpf.o: BSD-2-Clause or GPL-2.0.',
    `Node.js ${process.version}: MIT and others, https://github.com/nodejs/node/blob/${process.version}/LICENSE`,
    ...(withLibraries
      ? [
          'Shared libraries, unchanged, as files of their own that may be replaced: libbpf (BSD-2-Clause or LGPL-2.1), libelf of elfutils',
          '(LGPL-3.0-or-later or GPL-2.0-or-later), zlib (Zlib). Their sources are those of the distribution whose files these are.',
        ]
      : []),
  ];
  return `${head.join('\n')}\n\n${texts.join('\n')}`;
}
