/** SCIM 2.0 at /scim/v2/{tenant} (RFC 7644). */
import { ApiError, SCIM_CONTENT_TYPE } from '@merlon/contract';
import { type TSchema, Type } from 'typebox';
import { defineRoute, type Method, type Reply, type Route, type RouteRequest } from '../../http/route.ts';
import { withoutSecrets } from '../../http/without-secrets.ts';
import type { Tenant } from '../identity/index.ts';
import type { Found, Place } from './answer.ts';
import { listOf, resourceTypes, schemaDocuments, serviceProviderConfig } from './discovery.ts';
import type { Groups } from './groups.ts';
import { type ListQuery, type Parameters, readListQuery, readProjection } from './list-query.ts';
import { type Document, isDocument } from './match.ts';
import type { People } from './people.ts';
import { type Projection, project } from './resource.ts';
import { groupType, type ResourceType, userType } from './schema.ts';
import type { Tokens } from './token.ts';
import { namesVersion } from './version.ts';

const ROOT = '/scim/v2/:tenant';
const BODY_LIMIT = 2 * 1024 * 1024;

const Resource = Type.Object({
  schemas: Type.Array(Type.String()),
  id: Type.Optional(Type.String()),
  meta: Type.Optional(Type.Object({})),
});
const List = Type.Object({
  schemas: Type.Array(Type.String()),
  totalResults: Type.Integer(),
  startIndex: Type.Integer(),
  itemsPerPage: Type.Integer(),
  Resources: Type.Array(Resource),
});

export interface ScimRouteDeps {
  readonly tokens: Tokens;
  readonly people: People;
  readonly groups: Groups;
  requireTenant(nameOrId: string): Promise<Tenant>;
  addressOf(tenantId: string): string;
  together<T>(work: () => Promise<T>): Promise<T>;
  /** What is remembered of the tenant's people no longer counts. */
  changed(tenantId: string): Promise<void>;
}

type ScimRequest = RouteRequest<{ tenant: string; id?: string }, Parameters, unknown, null>;

interface Endpoint {
  readonly id: string;
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly changes?: boolean;
  readonly responses: Readonly<Record<number, TSchema>>;
  handle(request: ScimRequest, place: Place): Promise<Reply>;
}

export function scimRoutes(deps: ScimRouteDeps): Route[] {
  return [...endpoints(deps)].map((endpoint) =>
    defineRoute({
      id: endpoint.id,
      method: endpoint.method,
      path: ROOT + endpoint.path,
      summary: endpoint.summary,
      access: {
        kind: 'public',
        why: 'Directories show a provisioning token, which the route checks itself.',
      },
      audit: endpoint.changes === true ? endpoint.id : null,
      accepts: endpoint.method === 'GET' || endpoint.method === 'DELETE' ? 'none' : 'json',
      bodyLimit: BODY_LIMIT,
      params: Type.Object({
        tenant: Type.String(),
        ...(endpoint.path.endsWith('/:id') ? { id: Type.String() } : {}),
      }),
      responses: endpoint.responses,
      async handle(sent) {
        const request = sent as ScimRequest;
        const place = await admit(deps, request);
        return endpoint.handle(request, place);
      },
    }),
  );
}

/** A tenant that is not there answers as a wrong token does. */
async function admit(deps: ScimRouteDeps, request: ScimRequest): Promise<Place> {
  const { authorization } = request.headers;
  const tenant = await deps.requireTenant(request.params.tenant).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 'ResourceNotFound') return null;
    throw error;
  });
  const token = await deps.tokens.admit(
    tenant?.id ?? '00000000-0000-0000-0000-000000000000',
    typeof authorization === 'string' ? authorization : undefined,
  );
  if (!tenant) throw new ApiError('Unauthorized');
  request.audit.as(tenant.id, { kind: 'application', id: token.id, name: `SCIM: ${token.name}` });
  if (request.body !== undefined) request.audit.details({ request: withoutPasswords(request.body) });
  return { tenantId: tenant.id, base: deps.addressOf(tenant.id) };
}

function* endpoints(deps: ScimRouteDeps): Iterable<Endpoint> {
  yield* discoveryEndpoints();
  yield* collectionEndpoints(deps, {
    type: userType,
    id: 'scimUser',
    kept: deps.people,
    // Entra ID and Okta read the person they changed.
    patchAnswers: 'resource',
    summaries: {
      list: 'People whom the directory keeps.',
      create: 'Make a person, without a password.',
      replace: 'Replace what the directory says of a person.',
      patch: 'Change parts of what the directory says of a person.',
      delete: 'Remove a person for good.',
    },
  });
  yield* collectionEndpoints(deps, {
    type: groupType,
    id: 'scimGroup',
    kept: deps.groups,
    // A group may be long; only who asks for parts of it gets an answer with a body (RFC 7644 §3.5.2).
    patchAnswers: 'nothing unless asked',
    summaries: {
      list: 'User groups that the directory keeps.',
      create: 'Make a user group; it gives nothing until somebody here gives it roles.',
      replace: 'Replace name and members of a group.',
      patch: 'Change its name or some of its members.',
      delete: 'Remove a group for good.',
    },
  });
}

/** People, or groups: what the directory keeps here, one kind of it. */
interface Kept {
  list(place: Place, query: ListQuery): Promise<{ total: number; resources: Document[] }>;
  get(place: Place, id: string, projection: Projection): Promise<Found>;
  create(place: Place, body: unknown): Promise<Found>;
  /** Resolves to the id. */
  replace(place: Place, id: string, body: unknown, ifMatch: string | undefined): Promise<string>;
  patch(place: Place, id: string, body: unknown, ifMatch: string | undefined): Promise<string>;
  remove(place: Place, id: string, ifMatch: string | undefined): Promise<void>;
}

interface Collection {
  readonly type: ResourceType;
  /** `scimUser`: what its routes and records are called by. */
  readonly id: string;
  readonly kept: Kept;
  readonly patchAnswers: 'resource' | 'nothing unless asked';
  readonly summaries: Readonly<Record<'list' | 'create' | 'replace' | 'patch' | 'delete', string>>;
}

function* collectionEndpoints(
  deps: Pick<ScimRouteDeps, 'together' | 'changed'>,
  { type, id, kept, patchAnswers, summaries }: Collection,
): Iterable<Endpoint> {
  const path = type.endpoint;
  const kind = type === userType ? 'user' : 'userGroup';

  /** The change and its record as one. */
  const changing = <T extends { readonly id: string }>(
    request: ScimRequest,
    place: Place,
    work: () => Promise<T>,
  ): Promise<T> =>
    deps.together(async () => {
      if (request.params.id !== undefined) request.audit.target(kind, request.params.id);
      const done = await work();
      request.audit.target(kind, done.id);
      await deps.changed(place.tenantId);
      await request.audit.recordTogether();
      return done;
    });

  yield {
    id: `${id}.list`,
    method: 'GET',
    path,
    summary: summaries.list,
    responses: { 200: List },
    async handle(request, place) {
      const query = readListQuery(type, request.query);
      const { total, resources } = await kept.list(place, query);
      const shown = resources.map((one) => project(type, one, query.projection));
      return scim(200, listOf(shown, total, query.startIndex));
    },
  };
  yield {
    id: `${id}.get`,
    method: 'GET',
    path: `${path}/:id`,
    summary: 'One of them.',
    responses: { 200: Resource, 304: Type.Null() },
    async handle(request, place) {
      const projection = readProjection(request.query);
      const found = await kept.get(place, idOf(request), projection);
      const known = request.headers['if-none-match'];
      if (namesVersion(typeof known === 'string' ? known : undefined, found.version))
        return { status: 304, headers: { etag: found.version } };
      return resource(200, type, found, projection);
    },
  };
  yield {
    id: `${id}.create`,
    method: 'POST',
    path,
    summary: summaries.create,
    changes: true,
    responses: { 201: Resource },
    async handle(request, place) {
      const projection = readProjection(request.query);
      const found = await changing(request, place, () => kept.create(place, request.body));
      return resource(201, type, found, projection, { location: found.location });
    },
  };
  yield {
    id: `${id}.replace`,
    method: 'PUT',
    path: `${path}/:id`,
    summary: summaries.replace,
    changes: true,
    responses: { 200: Resource },
    async handle(request, place) {
      const projection = readProjection(request.query);
      const found = await changing(request, place, async () => {
        const changed = await kept.replace(place, idOf(request), request.body, ifMatch(request));
        return kept.get(place, changed, projection);
      });
      return resource(200, type, found, projection);
    },
  };
  yield {
    id: `${id}.patch`,
    method: 'PATCH',
    path: `${path}/:id`,
    summary: summaries.patch,
    changes: true,
    responses: patchAnswers === 'resource' ? { 200: Resource } : { 200: Resource, 204: Type.Null() },
    async handle(request, place) {
      const projection = readProjection(request.query);
      const silent = patchAnswers === 'nothing unless asked' && projection.attributes === null;
      const found = await changing(request, place, async () => {
        const changed = await kept.patch(place, idOf(request), request.body, ifMatch(request));
        return kept.get(place, changed, silent ? WITHOUT_MEMBERS : projection);
      });
      return silent
        ? { status: 204, headers: { etag: found.version } }
        : resource(200, type, found, projection);
    },
  };
  yield {
    id: `${id}.delete`,
    method: 'DELETE',
    path: `${path}/:id`,
    summary: summaries.delete,
    changes: true,
    responses: { 204: Type.Null() },
    async handle(request, place) {
      const gone = idOf(request);
      await changing(request, place, async () => {
        await kept.remove(place, gone, ifMatch(request));
        return { id: gone };
      });
      return { status: 204 };
    },
  };
}

const WITHOUT_MEMBERS = { attributes: null, excluded: ['members'] } as const;

function* discoveryEndpoints(): Iterable<Endpoint> {
  yield {
    id: 'scim.serviceProviderConfig',
    method: 'GET',
    path: '/ServiceProviderConfig',
    summary: 'What this service provider can do.',
    responses: { 200: Resource },
    handle: async (_request, { base }) => scim(200, serviceProviderConfig(base)),
  };
  for (const [name, what, documents] of [
    ['ResourceTypes', 'Kinds of resources.', resourceTypes],
    ['Schemas', 'Schemas of the resources.', schemaDocuments],
  ] as const) {
    const id = name === 'Schemas' ? 'schema' : 'resourceType';
    yield {
      id: `scim.${id}s`,
      method: 'GET',
      path: `/${name}`,
      summary: what,
      responses: { 200: List },
      handle: async (_request, { base }) => scim(200, listOf(documents(base))),
    };
    yield {
      id: `scim.${id}`,
      method: 'GET',
      path: `/${name}/:id`,
      summary: 'One of them.',
      responses: { 200: Resource },
      async handle(request, { base }) {
        const wanted = idOf(request).toLowerCase();
        const found = documents(base).find((one) => String(one.id).toLowerCase() === wanted);
        if (!found) throw new ApiError('ResourceNotFound');
        return scim(200, found);
      },
    };
  }
}

function resource(
  status: number,
  type: ResourceType,
  found: Found,
  projection: Projection,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const { version } = found;
  return scim(status, project(type, found.resource, projection), { etag: version, ...headers });
}

function scim(status: number, body: Document, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, body, headers: { 'content-type': SCIM_CONTENT_TYPE, ...headers } };
}

function idOf(request: ScimRequest): string {
  return request.params.id ?? '';
}

function ifMatch(request: ScimRequest): string | undefined {
  const value = request.headers['if-match'];
  return typeof value === 'string' ? value : undefined;
}

/** As `withoutSecrets`, and of PATCH operations on a password the value. */
function withoutPasswords(body: unknown): unknown {
  const safe = withoutSecrets(body);
  if (!isDocument(safe)) return safe;
  return Object.fromEntries(
    Object.entries(safe).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((one) => withoutPassword(one)) : value,
    ]),
  );
}

function withoutPassword(operation: unknown): unknown {
  if (!isDocument(operation)) return operation;
  const path = Object.entries(operation).find(([name]) => name.toLowerCase() === 'path')?.[1];
  return typeof path === 'string' && /password/i.test(path)
    ? { ...operation, value: '(removed)' }
    : operation;
}
