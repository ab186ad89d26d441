/** The description of the API, as makers of clients use it: types generated from it, and a small client written on them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentedEndpoints } from '@merlon/contract';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let folder: string;
// biome-ignore lint/suspicious/noExplicitAny: a document of every shape
let document: any;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merlon-openapi-'));
  server = await startServer();
  document = (await server.call('/openapi.json')).json();
});
afterAll(async () => {
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
});

const CLIENT = `
import type { components, paths } from './api.ts';

type Alerts = paths['/api/alerts']['get'];
type Page = Alerts['responses']['200']['content']['application/json'];
type Query = NonNullable<Alerts['parameters']['query']>;
type Action = paths['/api/machines/{id}/isolate']['post'];
type Refusal = Alerts['responses']['429'];

export async function alertsOf(base: string, token: string, query: Query): Promise<Page['value']> {
  const answer = await fetch(\`\${base}/api/alerts?$top=\${query.$top ?? 10}\`, { headers: { authorization: token } });
  if (answer.status === 429) {
    const { error }: Refusal['content']['application/json'] = await answer.json();
    const code: components['schemas']['Error']['error']['code'] = 'TooManyRequests';
    throw new Error(error.code === code ? error.message : error.target);
  }
  const page: Page = await answer.json();
  const titles: string[] = page.value.map(({ title, severity }) => \`\${severity === 'High'} \${title}\`);
  return titles.length > 0 ? page.value : [];
}
export const order: NonNullable<Action['requestBody']>['content']['application/json'] = { Comment: 'why' };
export const device: Action['parameters']['path']['id'] = 'a';
export const count: paths['/api/alerts/$count']['get']['responses']['200']['content']['text/plain'] = '5';
`;
/** What the types must refuse. */
const WRONG = ["order = { Coment: 'why' }", "query = { $filtre: 'x' }", "code = 'NoSuchCode'"];

function problems(files: readonly string[]): string[] {
  const program = ts.createProgram([...files], {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the OpenAPI document', () => {
  it('makes types on which a client compiles', async () => {
    await writeFile(join(folder, 'api.ts'), astToString(await openapiTS(structuredClone(document))));
    const client = join(folder, 'client.ts');
    await writeFile(client, CLIENT);
    expect(problems([client])).toEqual([]);
    const wrong = join(folder, 'wrong.ts');
    await writeFile(
      wrong,
      `import type { components, paths } from './api.ts';
let order: NonNullable<paths['/api/machines/{id}/isolate']['post']['requestBody']>['content']['application/json'];
let query: NonNullable<paths['/api/alerts']['get']['parameters']['query']>;
let code: components['schemas']['Error']['error']['code'];
${WRONG.join(';\n')};
export { code, order, query };`,
    );
    expect(problems([wrong]).length).toBe(WRONG.length);
  });

  it('describes every parameter of a path, and no operation twice', () => {
    const ids: string[] = [];
    for (const [path, methods] of Object.entries<
      Record<string, { operationId: string; parameters: { in: string; name: string; required: boolean }[] }>
    >(document.paths)) {
      for (const operation of Object.values(methods)) {
        ids.push(operation.operationId);
        const named = operation.parameters.flatMap((one) =>
          one.in === 'path' && one.required ? [one.name] : [],
        );
        expect([path, named.sort()]).toEqual([
          path,
          [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(),
        ]);
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('answers what the support matrix says, and nothing that it denies', () => {
    const plain = (path: string) =>
      path
        .replace(/\([^)]*\)/, '({})')
        .replaceAll(/\{[^}]*\}/g, '{}')
        .toLowerCase();
    const there = new Set(
      Object.entries<object>(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${plain(path)}`),
      ),
    );
    // The exporter to SIEMs had the address of the alerts, at a host of its own.
    const asked = documentedEndpoints.filter(({ id }) => id !== 'siem.detections');
    const wrong = asked.filter(
      ({ method, path, answered }) => there.has(`${method} ${plain(path)}`) !== answered,
    );
    expect(
      wrong.map(({ id, answered }) => `${id} is said to be ${answered ? 'answered' : 'absent'}`),
    ).toEqual([]);
  });

  it('tells the query options of every set', () => {
    const { parameters } = document.paths['/api/machines'].get;
    expect(parameters.map(({ name }: { name: string }) => name)).toEqual([
      '$filter',
      '$top',
      '$skip',
      '$orderby',
      '$select',
      '$count',
      '$skiptoken',
    ]);
  });
});
