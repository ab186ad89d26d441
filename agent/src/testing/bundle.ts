/** Bundles a helper program of these tests, so that it can run as a process of its own. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Returns the path of the program. It lies inside the clone, where Node finds our npm packages. */
export async function bundleProgram(source: string): Promise<string> {
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const outfile = at(`../../../node_modules/.cache/merlon-agent/${source.replace(/\.ts$/, '')}.mjs`);
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
        name: 'external-npm',
        setup(b) {
          b.onResolve({ filter: /^[^./]/ }, (args) =>
            args.kind === 'entry-point' || args.path.startsWith('@merlon/')
              ? null
              : { path: args.path, external: true },
          );
        },
      },
    ],
  });
  return outfile;
}
