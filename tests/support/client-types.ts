/**
 * The types of the portal's API client, out of the API description. Only of the paths that the portal names, so that another route of the server is no change
 * of the portal.
 */
import { readdir, readFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

interface Described {
  readonly openapi: string;
  readonly info: object;
  readonly paths: Readonly<Record<string, object>>;
}

/** Where the generated file is, in the portal's sources. */
export const CLIENT_FILE = 'api/openapi.ts';

/** The portal's own text, without tests and what is generated. `folder`: its `src`, with a slash at its end. */
export async function portalSources(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  const sources = files.filter(
    (file) => /\.tsx?$/.test(file) && !file.includes('.test.') && file !== CLIENT_FILE,
  );
  return Promise.all(sources.map((file) => readFile(folder + file, 'utf8')));
}

/** Paths as they stand in the portal's calls: `client.GET('/api/machines/{id}', …)`. */
export function pathsNamedIn(sources: readonly string[]): string[] {
  const named = sources.flatMap((source) => [...source.matchAll(/'(\/(?:api|v1\.0)\/[^']*)'/g)]);
  return [...new Set(named.map(([, path]) => path as string))].sort();
}

/** Without what is said for readers and without errors, which the client throws, whatever their code: a tenth of the text is left. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name, one]) =>
      !(name === 'description' && typeof one === 'string') && !/^([345]\d\d|default)$/.test(name),
  );
  return Object.fromEntries(kept.map(([name, one]) => [name, bare(one)]));
}

/** @throws Error naming paths that the server does not have. */
export async function clientTypes(description: object, sources: readonly string[]): Promise<string> {
  const { openapi, info, paths } = description as Described;
  const named = pathsNamedIn(sources);
  const unknown = named.filter((path) => paths[path] === undefined);
  if (unknown.length > 0) throw new Error(`the server has no ${unknown.join(', ')}`);
  const kept = Object.fromEntries(named.map((path) => [path, bare(paths[path])]));
  const tree = await openapiTS(JSON.stringify({ openapi, info, paths: kept }), { alphabetize: true });
  return `// Written by scripts/generate-client.mjs from /openapi.json.\n${astToString(tree)}`;
}
