/** Bundles a helper program of these tests, so that it can run as a process of its own. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Returns the path of the program. It lies inside the clone, where Node finds our npm packages.
 * @param folder of the source; default: this one
 */
export async function bundleProgram(source: string, folder = import.meta.url): Promise<string> {
  const at = (path: string, from: string) => fileURLToPath(new URL(path, from));
  const outfile = at(
    `../../../node_modules/.cache/merlon-agent/${source.replace(/\.ts$/, '')}.mjs`,
    import.meta.url,
  );
  await build({
    entryPoints: [at(`./${source}`, folder)],
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
