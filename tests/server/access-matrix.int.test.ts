/**
 * Every route of the table, asked by every kind of caller: each permission held alone, none and all; each portal permission held alone, none and the
 * administrator's; devices inside, outside and absent; both contexts; two tenants. What must come of it is worked out here from the table's words.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:https';
import { permissions as permissionCatalogue, portalPermissions } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { openTokenForge, PORTAL_CLIENT, type TokenForge } from '../support/forged-tokens.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type JsonSchema, smallestValue } from '../support/smallest-value.ts';
import { eventually } from '../support/wait.ts';

interface TableRoute {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Of the request; null where it takes none. */
  readonly body: JsonSchema | null;
  readonly access: {
    readonly application: readonly string[];
    readonly delegated: readonly string[] | 'portal';
    readonly role: string | null;
    readonly deviceScope: 'filter' | 'require' | 'none';
  };
}

/** Where the thing that a route's `{id}` names lies, as the caller sees it. */
type Place = 'inside' | 'outside' | 'absent';

interface Question {
  readonly route: TableRoute;
  readonly context: 'application' | 'user';
  /** In the token. */
  readonly permissions: readonly string[];
  readonly portal: boolean;
  /** Portal permissions of the person. */
  readonly roles: readonly string[];
  readonly place: Place;
  readonly token: string;
}

/** Routes whose own rule is finer than the table can say. */
const FINER: Readonly<Record<string, (question: Question) => boolean>> = {
  // Who may order any response may ask; only who may isolate may take an isolation back, or isolate many at once.
  'machineactions.cancel': mayIsolate,
  'machines.bulkOrder': mayIsolate,
};
function mayIsolate({ context, permissions, roles }: Question): boolean {
  return (
    permissions.includes('Machine.Isolate') &&
    (context === 'application' || roles.includes('ActiveRemediation.SecurityOperations'))
  );
}

/** Bodies that ask for something, of routes whose schema alone would let them ask for nothing. */
const BODIES: Readonly<Record<string, object>> = {
  'machines.stopAndQuarantineFile': { Comment: 'matrix', Sha1: '0'.repeat(40) },
  'machines.restoreQuarantinedFile': { Comment: 'matrix', Sha1: '0'.repeat(40) },
  'machines.bulkOrder': { Type: 'Isolate', MachineIds: ['0'.repeat(40)], Order: { Comment: 'matrix' } },
  // Reading alone: to put files there and run scripts takes a further permission.
  'machines.runLiveResponse': {
    Comment: 'matrix',
    Commands: [{ type: 'GetFile', params: [{ key: 'Path', value: '/etc/hostname' }] }],
  },
  'alerts.update': { comment: 'matrix' },
  'machines.update': { deviceValue: 'Normal' },
};
/** They read the whole trail, which this test makes long. */
const LAST = new Set(['audit.verify', 'audit.export']);
const CONCURRENCY = 8;

const permissionNames = [
  ...new Set(
    permissionCatalogue.flatMap(({ application, delegated }) => [application, delegated ?? application]),
  ),
];
const portalNames = Object.keys(portalPermissions);

function bodySchema(route: Readonly<Record<string, unknown>>): JsonSchema | null {
  const body = route.requestBody as { content: Record<string, { schema: JsonSchema }> } | undefined;
  return body?.content['application/json']?.schema ?? null;
}

describe('the access matrix', () => {
  let server: TestServer;
  let fleet: DemoFleet;
  let forge: TokenForge;
  let agent: Agent;
  let routes: TableRoute[];
  let tenants: string[];
  /** Object ids of people of the first tenant who hold one portal permission each, by its name; '' holds none, '*' is administrator. */
  const people = new Map<string, string>();
  const things = new Map<string, Record<Place, string>>();

  beforeAll(async () => {
    server = await startServer();
    fleet = await startDemoFleet(server);
    agent = new Agent({ ca: server.caPem, keepAlive: true, maxSockets: CONCURRENCY });
    forge = await openTokenForge(server);
    const document = (await server.call('/openapi.json')).json();
    routes = Object.entries<Record<string, Record<string, unknown>>>(document.paths).flatMap(
      ([path, methods]) =>
        Object.entries(methods).flatMap(([method, route]) =>
          route['x-merlon-access'] === undefined
            ? []
            : [
                {
                  id: String(route.operationId),
                  method: method.toUpperCase(),
                  path,
                  body: bodySchema(route),
                  access: route['x-merlon-access'] as TableRoute['access'],
                },
              ],
        ),
    );

    const app = await server.createApp('Machine.Read.All', 'Alert.Read.All', 'Machine.Isolate');
    const program = await server.token(app);
    const other = await server.cli('tenant', 'create', '--name', 'Fabrikam', '--domain', 'fabrikam.example');
    tenants = [app.tenantId, other.tenantId];

    const administrators = (await server.cli('role', 'list')).value.find(
      (role: { kind: string }) => role.kind === 'administrator',
    );
    const team = await server.cli('usergroup', 'create', '--name', 'team');
    for (const name of ['', '*', ...portalNames.filter((one) => one !== 'PortalSettings.Manage')]) {
      const made = await server.cli('user', 'create', '--name', `p${people.size}`);
      people.set(name, made.userId);
      await server.cli('usergroup', 'add-member', team.id, made.userId);
      if (name === '') continue;
      const roles =
        name === '*'
          ? administrators.id
          : (await server.cli('role', 'create', '--name', name, '--permission', name)).id;
      const group = await server.cli('usergroup', 'create', '--name', `holders of ${name}`, '--role', roles);
      await server.cli('usergroup', 'add-member', group.id, made.userId);
    }
    const nobody = await server.cli('usergroup', 'create', '--name', 'nobody');
    await server.cli(
      'devicegroup',
      'create',
      '--name',
      'in',
      '--where',
      'name startsWith ws-',
      '--user-group',
      team.id,
    );
    await server.cli('devicegroup', 'update', '0', '--user-group', nobody.id);
    await server.cli('access', 'rbac');

    const list = async (path: string) =>
      (await server.call(path, { token: program })).json().value as { id: string; computerDnsName: string }[];
    const side = (name: string): Place => (name.startsWith('ws-') ? 'inside' : 'outside');
    const pick = (all: readonly { id: string; computerDnsName: string }[], place: Place) =>
      all.find((one) => side(one.computerDnsName) === place)?.id ?? '';
    await eventually(
      'alerts inside and outside',
      async () => {
        const alerts = await list('/api/alerts');
        return pick(alerts, 'inside') !== '' && pick(alerts, 'outside') !== '';
      },
      { withinMs: 20_000 },
    );
    const machines = await list('/api/machines');
    for (const place of ['inside', 'outside'] as const)
      await server.call(`/api/machines/${pick(machines, place)}/isolate`, {
        token: program,
        json: { Comment: 'for the matrix' },
      });
    const actions = await list('/api/machineactions');
    const alerts = await list('/api/alerts');
    const placed = (all: readonly { id: string; computerDnsName: string }[], absent: string) => ({
      inside: pick(all, 'inside'),
      outside: pick(all, 'outside'),
      absent,
    });
    things.set('machines', placed(machines, '0'.repeat(40)));
    things.set('alerts', placed(alerts, 'da0_0'));
    things.set('machineactions', placed(actions, randomUUID()));
    for (const ids of things.values()) expect(Object.values(ids).every((id) => id !== '')).toBe(true);
    // Forty commands, each a process.
  }, 400_000);
  afterAll(async () => {
    agent?.destroy();
    await fleet?.stop();
    await server?.dispose();
  });

  const ask = (method: string, path: string, token: string, body: object | undefined) =>
    new Promise<{ status: number; code: string | undefined; message: string }>((resolve, reject) => {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      const call = request(
        server.url + path,
        {
          method,
          agent,
          headers: {
            authorization: `Bearer ${token}`,
            ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
          },
        },
        (answer) => {
          // A stream says who may open it by its head, and ends much later.
          if (answer.headers['content-type']?.startsWith('text/event-stream')) {
            answer.destroy();
            return resolve({ status: answer.statusCode ?? 0, code: undefined, message: '' });
          }
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => {
            text += text.length < 4_096 ? chunk : '';
          });
          answer.once('end', () => {
            const refused = (answer.statusCode ?? 0) >= 400;
            const error = refused
              ? (JSON.parse(text) as { error?: { code: string; message: string } }).error
              : undefined;
            resolve({ status: answer.statusCode ?? 0, code: error?.code, message: error?.message ?? '' });
          });
          answer.once('error', reject);
        },
      );
      call.once('error', reject);
      call.end(sent);
    });

  const setOf = (route: TableRoute) =>
    /^\/api\/(machines|alerts|machineactions)\/\{id\}/.exec(route.path)?.[1];
  const scoped = (route: TableRoute) => route.access.deviceScope === 'require' && setOf(route) !== undefined;

  /** What passes the schema where the thing is looked for only then; elsewhere nothing, which changes nothing. */
  function bodyOf(route: TableRoute): object {
    if (BODIES[route.id] !== undefined || !scoped(route) || route.body === null)
      return BODIES[route.id] ?? {};
    return smallestValue(route.body) as object;
  }

  function pathOf(route: TableRoute, place: Place): string {
    const ids = things.get(setOf(route) ?? '');
    return route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      name === 'id' && ids
        ? ids[place]
        : name === 'id' && route.path.includes('devicegroups')
          ? '987654'
          : randomUUID(),
    );
  }

  /** Read off the table: may this caller use the route at all? */
  function may({ route, context, permissions, portal, roles }: Question): boolean {
    const { access } = route;
    if (context === 'application') return access.application.some((name) => permissions.includes(name));
    const token =
      access.delegated === 'portal' ? portal : access.delegated.some((name) => permissions.includes(name));
    return token && (access.role === null || roles.includes(access.role));
  }

  function wrong(
    question: Question,
    answer: { status: number; code: string | undefined; message: string },
  ): string | null {
    const { route, place } = question;
    const allowed = may(question) && FINER[route.id]?.(question) !== false;
    const seen =
      question.context === 'application' || question.roles.length === portalNames.length
        ? place === 'outside'
          ? 'inside'
          : place
        : place;
    if (answer.status === 401) return 'not known';
    if (answer.status >= 500 && answer.status !== 503) return 'failed';
    if (!may(question))
      return answer.status === 403 && answer.code === 'Forbidden' ? null : 'should be forbidden';
    if (scoped(route) && seen === 'absent') return answer.status === 404 ? null : 'should not be there';
    if (scoped(route) && seen === 'outside')
      return answer.status === (route.method === 'GET' ? 404 : 403) ? null : 'should be out of reach';
    if (!allowed) return answer.status === 403 ? null : 'should be forbidden by its own rule';
    return answer.code === 'Forbidden' ? 'should be allowed' : null;
  }

  async function* questions(): AsyncIterable<Question> {
    const held = [[], permissionNames, ...permissionNames.map((name) => [name])];
    const ordered = [...routes].sort((a, b) => Number(LAST.has(a.id)) - Number(LAST.has(b.id)));
    const [home = '', away = ''] = tenants;
    const application = new Map<string, string>();
    const tokens = async (tenantId: string, names: readonly string[]) => {
      const key = `${tenantId} ${names.join(' ')}`;
      const token = application.get(key) ?? (await forge.application(tenantId, names));
      application.set(key, token);
      return token;
    };
    for (const route of ordered) {
      const places: Place[] = scoped(route) ? ['inside', 'outside', 'absent'] : ['absent'];
      for (const permissions of held)
        for (const place of places) {
          yield {
            route,
            context: 'application',
            permissions,
            portal: false,
            roles: [],
            place,
            token: await tokens(home, permissions),
          };
          // The other tenant's program: nothing of ours is there, wherever it lies.
          yield {
            route,
            context: 'application',
            permissions,
            portal: false,
            roles: [],
            place: 'absent',
            token: await tokens(away, permissions),
          };
        }
      // A whole product for what the table names; of the permissions that it does not name, each with the right role and with none.
      const named = new Set<string>(route.access.delegated === 'portal' ? [] : route.access.delegated);
      for (const permissions of held)
        for (const [role, userId] of people) {
          const telling =
            permissions.length !== 1 ||
            named.has(permissions[0] ?? '') ||
            role === '' ||
            role === '*' ||
            role === route.access.role;
          if (!telling || (LAST.has(route.id) && permissions.length === 1)) continue;
          const roles = role === '*' ? portalNames : role === '' ? [] : [role];
          for (const portal of [false, true]) {
            const token = await userToken(home, userId, permissions, portal);
            for (const place of places)
              yield { route, context: 'user', permissions, portal, roles, place, token };
          }
        }
    }
  }

  const userTokens = new Map<string, Promise<string>>();
  function userToken(
    tenantId: string,
    userId: string,
    permissions: readonly string[],
    portal: boolean,
  ): Promise<string> {
    const key = [tenantId, userId, portal, ...permissions].join(' ');
    const known = userTokens.get(key);
    if (known) return known;
    const made = forge.user(
      tenantId,
      userId,
      permissions,
      portal ? PORTAL_CLIENT : '99999999-9999-4999-8999-999999999999',
    );
    userTokens.set(key, made);
    return made;
  }

  it('lets through what the table allows and nothing else', { timeout: 600_000 }, async () => {
    const stream = questions()[Symbol.asyncIterator]();
    const problems: string[] = [];
    let asked = 0;
    await Promise.all(
      Array.from({ length: CONCURRENCY }, async () => {
        for (let next = await stream.next(); !next.done && problems.length < 50; next = await stream.next()) {
          const question = next.value;
          const { route } = question;
          const body = route.method === 'GET' || route.method === 'DELETE' ? undefined : bodyOf(route);
          const answer = await ask(route.method, pathOf(route, question.place), question.token, body);
          asked++;
          const problem = wrong(question, answer);
          if (problem)
            problems.push(
              `${route.id} ${question.context} [${question.permissions.length > 3 ? 'all' : question.permissions}] roles [${question.roles.length > 3 ? 'all' : question.roles}] portal ${question.portal} ${question.place}: ${problem}; ${answer.status} ${answer.code} ${answer.message}`,
            );
        }
      }),
    );
    process.stdout.write(`access matrix: ${asked} combinations over ${routes.length} routes\n`);
    expect(problems).toEqual([]);
    expect(asked).toBeGreaterThan(10_000);
  });

  it('left a trail that adds up', async () => {
    expect(await server.cli('audit', 'verify')).toMatchObject({ ok: true, broken: null });
  });
});
