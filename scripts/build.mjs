// Bundles each runnable entry point with esbuild. Our own packages are bundled in, npm packages stay external.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { externalNpm } from './external-npm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Output file (without extension) -> source. Workers and engine launchers are entry points of their own. */
const targets = {
  server: {
    main: 'server/src/main.ts',
    'export-worker': 'server/src/features/streaming/export-worker.ts',
    'filter-worker': 'server/src/features/streaming/filter-worker.ts',
    'collect-worker': 'server/src/features/collectors/collect-worker.ts',
    'detection-worker': 'server/src/features/detection/detection-worker.ts',
    'ingest-worker': 'server/src/features/ingest/shape-worker.ts',
    'kql-worker': 'packages/kql/src/worker.ts',
    'yara-check-worker': 'server/src/features/yara-rules/yara-check-worker.ts',
    'event-store-engine': 'packages/event-store/src/engine-main.ts',
  },
  agent: {
    main: 'agent/src/main.ts',
    'guard-worker': 'agent/src/guard/guard-worker.ts',
    'hash-worker': 'agent/src/sensor/hash-worker.mjs',
    'yara-worker': 'agent/src/scan/yara-worker.mjs',
  },
};

async function buildNodeTargets() {
  for (const [name, entries] of Object.entries(targets)) {
    const entryPoints = Object.fromEntries(
      Object.entries(entries)
        .map(([out, source]) => [out, root + source])
        .filter(([, source]) => existsSync(source)),
    );
    if (Object.keys(entryPoints).length === 0) continue;
    const outdir = `${root}${name}/dist`;
    const { metafile } = await build({
      entryPoints,
      outdir,
      bundle: true,
      splitting: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      sourcemap: true,
      logLevel: 'warning',
      plugins: [externalNpm],
      loader: { '.yml': 'text' },
      metafile: true,
    });
    // What an earlier build made and this one did not. Only afterwards: a process that runs from here is not left without its files.
    const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
    for (const file of readdirSync(outdir))
      if (!made.has(file)) rmSync(`${outdir}/${file}`, { recursive: true });
  }
}

async function buildPortal() {
  if (!existsSync(`${root}portal/vite.config.ts`)) return;
  if (process.argv.includes('--skip-portal-if-built') && existsSync(`${root}portal/dist/index.html`)) return;
  // Whoever builds (a test runner sets `test`), what is served is the production build of React.
  process.env.NODE_ENV = 'production';
  const { build: viteBuild } = await import('vite');
  // Beside what is served meanwhile, which a build that fails must not take away.
  const [made, served] = [`${root}portal/dist.next`, `${root}portal/dist`];
  await viteBuild({ root: `${root}portal`, logLevel: 'warn', build: { outDir: made, emptyOutDir: true } });
  rmSync(served, { recursive: true, force: true });
  renameSync(made, served);
}

await buildNodeTargets();
await buildPortal();
