// Bundles each runnable entry point with esbuild. Our own packages are bundled in, npm packages stay external.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Output file (without extension) -> source. Workers and engine launchers are entry points of their own. */
const targets = {
  server: {
    main: 'server/src/main.ts',
    'ingest-worker': 'server/src/features/ingest/shape-worker.ts',
    'kql-worker': 'packages/kql/src/worker.ts',
    'event-store-engine': 'packages/event-store/src/engine-main.ts',
  },
  agent: {
    main: 'agent/src/main.ts',
    'exec-guard-worker': 'agent/src/sensor/exec-guard-worker.ts',
    'hash-worker': 'agent/src/sensor/hash-worker.mjs',
  },
};

const externalNpm = {
  name: 'external-npm',
  setup(b) {
    b.onResolve({ filter: /^[^./]/ }, (args) =>
      args.kind === 'entry-point' || args.path.startsWith('@merlon/') ? null : { path: args.path, external: true },
    );
  },
};

export async function buildNodeTargets() {
  for (const [name, entries] of Object.entries(targets)) {
    const entryPoints = Object.fromEntries(
      Object.entries(entries)
        .map(([out, source]) => [out, root + source])
        .filter(([, source]) => existsSync(source)),
    );
    if (Object.keys(entryPoints).length === 0) continue;
    const outdir = `${root}${name}/dist`;
    await rm(outdir, { recursive: true, force: true });
    await build({
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
    });
  }
}

async function buildPortal() {
  if (!existsSync(`${root}portal/vite.config.ts`)) return;
  if (process.argv.includes('--skip-portal-if-built') && existsSync(`${root}portal/dist/index.html`)) return;
  const { build: viteBuild } = await import('vite');
  await viteBuild({ root: `${root}portal`, logLevel: 'warn' });
}

await buildNodeTargets();
await buildPortal();
