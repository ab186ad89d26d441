/** What tests of the guard share. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { codeOf } from '../agent-error.ts';

/** The guard's threads as a program that runs beside the sources. */
export async function bundleGuardWorker(source = 'guard-worker.ts'): Promise<string> {
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const outfile = at(`../../../node_modules/.cache/merlon-agent/${source.replace(/\.ts$/, '')}.mjs`);
  const koffi = createRequire(import.meta.url).resolve('koffi');
  await build({
    entryPoints: [at(`./${source}`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
    plugins: [
      {
        name: 'koffi-from-here',
        setup: (b) => void b.onResolve({ filter: /^koffi$/ }, () => ({ path: koffi, external: true })),
      },
    ],
  });
  return outfile;
}

/** Whether the program could be executed: false where that was not permitted. */
export async function runs(program: string, ...args: string[]): Promise<boolean> {
  try {
    const [code] = (await once(spawn(program, args, { stdio: 'ignore' }), 'exit')) as [number | null];
    return code === 0;
  } catch (error) {
    if (codeOf(error) === 'EPERM') return false;
    throw error;
  }
}
