/** What generic clients read first: OData metadata, and how many there are of something. */
import { parse } from '@sap-ux/edmx-parser';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';

interface JsonType {
  readonly $Kind: string;
  readonly $Key?: readonly string[];
  readonly [property: string]: unknown;
}

/** Of what the parser answers with, the part that is asked for here. */
interface Parsed {
  readonly namespace: string;
  readonly entitySets: readonly { readonly name: string; readonly entityTypeName: string }[];
  readonly entityTypes: readonly ParsedType[];
  readonly complexTypes: readonly ParsedType[];
}
interface ParsedType {
  readonly name: string;
  readonly fullyQualifiedName: string;
  readonly keys?: readonly object[];
  /** Of an entity. */
  readonly entityProperties?: readonly ParsedProperty[];
  /** Of a complex type. */
  readonly properties?: readonly ParsedProperty[];
}
interface ParsedProperty {
  readonly name: string;
  readonly type: string;
}

const parsed = (text: string): Parsed => parse(text).schema as unknown as Parsed;
const propertiesOf = ({ entityProperties, properties }: ParsedType) => entityProperties ?? properties ?? [];

const NAMESPACE = 'microsoft.windowsDefenderATP.api';
let server: TestServer;
let fleet: DemoFleet;
let token: string;

beforeAll(async () => {
  server = await startServer();
  fleet = await startDemoFleet(server);
  token = await server.token(
    await server.createApp('Alert.Read.All', 'Machine.Read.All', 'File.Read.All', 'Incident.Read.All'),
  );
});
afterAll(async () => {
  await fleet?.stop();
  await server?.dispose();
});

const get = (path: string, headers: Record<string, string> = {}) => server.call(path, { token, headers });
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function json(): Promise<Record<string, JsonType>> {
  return (await get('/api/$metadata?$format=json')).json()[NAMESPACE];
}

describe('$metadata', () => {
  it('is CSDL that a parser of OData metadata takes whole', async () => {
    const answer = await server.call('/api/$metadata');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain('application/xml');
    expect(answer.headers['odata-version']).toBe('4.0');
    expect(parse(answer.text).version).toBe('4.0');
    const schema = parsed(answer.text);
    expect(schema.namespace).toBe(NAMESPACE);
    const sets = schema.entitySets.map(({ name }) => name);
    for (const name of [
      'Alerts',
      'Machines',
      'MachineActions',
      'Files',
      'Users',
      'Ips',
      'Domains',
      'Investigations',
    ])
      expect(sets).toContain(name);
    const types = new Set(
      [...schema.entityTypes, ...schema.complexTypes].map(({ fullyQualifiedName }) => fullyQualifiedName),
    );
    for (const { entityTypeName } of schema.entitySets) expect(types).toContain(entityTypeName);
    for (const { keys } of schema.entityTypes) expect(keys?.length).toBe(1);
    for (const one of [...schema.entityTypes, ...schema.complexTypes]) {
      expect(propertiesOf(one).length).toBeGreaterThan(0);
      for (const { type } of propertiesOf(one)) {
        const own = type.replace(/^Collection\((.*)\)$/, '$1');
        expect(own.startsWith('Edm.') || types.has(own)).toBe(true);
      }
    }
  });

  it('says the same as JSON', async () => {
    const schema = parsed((await server.call('/api/$metadata')).text);
    const answer = await get('/api/$metadata', { accept: 'application/json' });
    expect(answer.headers['content-type']).toContain('application/json');
    const types = answer.json()[NAMESPACE];
    for (const type of schema.entityTypes) {
      expect(Object.keys(types[type.name]).filter((key) => !key.startsWith('$'))).toEqual(
        propertiesOf(type).map((one) => one.name),
      );
    }
    expect((await get('/api/$metadata?$format=yaml')).json().error.code).toBe('ODataError');
  });

  it.each([
    ['/api/machines', 'Machine'],
    ['/api/alerts?$expand=evidence', 'Alert'],
    ['/api/incidents', 'Incident'],
  ])('names every property that %s answers with', async (path, entity) => {
    const types = await json();
    const { value } = (await get(path)).json();
    expect(value.length).toBeGreaterThan(0);
    const check = (name: string, shown: Record<string, unknown>): void => {
      const type = types[name];
      expect(type).toBeDefined();
      for (const [property, held] of Object.entries(shown)) {
        const declared = type?.[property] as { $Type?: string } | undefined;
        expect(`${name}.${property} ${declared ? 'is' : 'is not'} declared`).toBe(
          `${name}.${property} is declared`,
        );
        const inner = declared?.$Type?.startsWith(`${NAMESPACE}.`)
          ? declared.$Type.slice(NAMESPACE.length + 1)
          : null;
        if (inner) for (const one of [held].flat()) if (isObject(one)) check(inner, one);
      }
    };
    for (const one of value) check(entity, one);
  });
});

describe('/$count', () => {
  it('is the number alone, of what the filter leaves', async () => {
    const { value: machines } = (await get('/api/machines')).json();
    const count = await get('/api/machines/$count');
    expect(count.headers['content-type']).toContain('text/plain');
    expect(count.text).toBe(String(machines.length));
    const [{ computerDnsName: name }] = machines;
    expect((await get(`/api/machines/$count?$filter=computerDnsName eq '${name}'`)).text).toBe('1');
    expect((await get(`/api/v1.0/Machines/$count/?$filter=computerDnsName eq 'none such'`)).text).toBe('0');
    expect((await get('/api/machines/%24count')).text).toBe(String(machines.length));
    expect((await get('/api/%24metadata')).text).toContain('edmx');
    // Detections go on meanwhile, so that the two may be of different moments.
    await vi.waitFor(
      async () =>
        expect((await get('/api/alerts/$count')).text).toBe(
          String((await get('/api/alerts?$count=true&$top=0')).json()['@odata.count']),
        ),
      { timeout: 15_000, interval: 250 },
    );
  });

  it('refuses by name what a count does not take, and what nothing takes', async () => {
    for (const [path, name] of [
      ['/api/machines/$count?$top=1', '$top'],
      ['/api/machines?$search=x', '$search'],
      ['/api/alerts?$apply=aggregate($count as n)', '$apply'],
      ['/api/alerts?$expand=evidence($levels=2)', "in evidence: '$levels'"],
      ['/api/alerts?$expand=evidence($filter=nose eq 1)', "in evidence: $filter: 'nose'"],
      ['/api/alerts?$expand=comments', "'comments' cannot be expanded"],
    ] as const) {
      const answer = await get(path);
      expect(answer.status).toBe(400);
      expect(answer.json().error).toMatchObject({
        code: 'ODataError',
        message: expect.stringContaining(name),
      });
    }
  });
});
