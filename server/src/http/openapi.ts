/** OpenAPI 3.1 description of the route table. Schemas are JSON Schema already. Pure. */
import { apiErrors } from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { speaksAadsts } from '../features/identity/index.ts';
import type { Access, Route } from './route.ts';

/** What `code` may be in an error. */
const errorCodes = Object.keys(apiErrors);

export function openapi(routes: readonly Route[], version: string, serverUrl: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = templateOf(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Merlon',
      version,
      description:
        'The Defender for Endpoint API, self-hosted. Every /api path also answers under /api/v1.0; paths match whatever their case, and with doubled or trailing slashes.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'A token from /{tenant}/oauth2/token or /{tenant}/oauth2/v2.0/token.',
        },
        device: { type: 'http', scheme: 'Device', description: 'A request signed by the device key.' },
        collector: {
          type: 'http',
          scheme: 'basic',
          description: 'The secret of a collector as password; or after ApiKey, Bearer or Splunk.',
        },
      },
      schemas: {
        GraphError: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message', 'innerError'],
              properties: {
                code: { type: 'string', enum: errorCodes },
                message: { type: 'string' },
                innerError: {
                  type: 'object',
                  required: ['date', 'request-id', 'client-request-id'],
                  properties: {
                    date: { type: 'string' },
                    'request-id': { type: 'string', format: 'uuid' },
                    'client-request-id': { type: 'string' },
                  },
                },
              },
            },
          },
        },
        ScimError: {
          type: 'object',
          required: ['schemas', 'detail', 'status'],
          properties: {
            schemas: { type: 'array', items: { type: 'string' } },
            scimType: { type: 'string' },
            detail: { type: 'string' },
            status: { type: 'string' },
          },
        },
        OAuthError: {
          type: 'object',
          required: ['error', 'error_description', 'error_codes', 'timestamp', 'trace_id', 'correlation_id'],
          properties: {
            error: { type: 'string' },
            error_description: { type: 'string' },
            error_codes: { type: 'array', items: { type: 'integer' } },
            timestamp: { type: 'string' },
            trace_id: { type: 'string', format: 'uuid' },
            correlation_id: { type: 'string', format: 'uuid' },
          },
        },
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message', 'target'],
              properties: {
                code: { type: 'string', enum: errorCodes },
                message: { type: 'string' },
                target: { type: 'string', format: 'uuid' },
              },
            },
          },
        },
      },
    },
  };
}

function operation(route: Route): object {
  const responses = Object.fromEntries(
    Object.entries(route.responses).map(([status, schema]) => [
      status,
      Number(status) === 204
        ? { description: 'No content.' }
        : {
            description: status.startsWith('2') ? 'Success.' : 'Failure.',
            content: { [contentTypeOf(schema)]: { schema } },
          },
    ]),
  );
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [route.id.split('.')[0]],
    ...security(route.access),
    'x-merlon-audit': route.audit,
    parameters: [
      ...pathParameters(route),
      ...parameters('query', route.query),
      ...(route.collection?.set ? odataParameters(route.collection.set) : []),
    ],
    ...(route.body
      ? { requestBody: { required: true, content: { [bodyTypeOf(route)]: { schema: route.body } } } }
      : {}),
    responses: {
      ...errorResponses(route),
      ...responses,
    },
  };
}

/** `/api/files/:id` as `/api/files/{id}`; what stands for the arguments of a function as `({arguments})`. */
function templateOf(path: string): string {
  return path.replaceAll(/:([A-Za-z_]\w*)/g, '{$1}').replace(/\(\*$/, '({arguments})');
}

/** Of every part of the path that varies, whether the route reads it or not. */
function pathParameters({ path, params }: Route): object[] {
  const described = new Map(parameters('path', params).map((parameter) => [parameter.name, parameter]));
  return [...templateOf(path).matchAll(/\{(\w+)\}/g)].map(
    ([, name = '']) =>
      described.get(name) ?? { name, in: 'path', required: true, schema: { type: 'string' } },
  );
}

type QueryOption = readonly [name: string, schema: object, description: string];

function odataParameters(set: ODataSet): object[] {
  const names = (which: 'filterable' | 'sortable') =>
    set.fields.flatMap((field) => (field[which] ? [field.name] : [])).join(', ');
  const text = { type: 'string' };
  const options: readonly QueryOption[] = [
    ['$filter', text, `An OData condition over ${names('filterable')}.`],
    [
      '$top',
      { type: 'integer', minimum: 0, maximum: set.maxTop },
      'Most entities to answer with; no nextLink then.',
    ],
    ['$skip', { type: 'integer', minimum: 0 }, 'Entities to pass over.'],
    ['$orderby', text, `Properties to sort by, each with asc or desc: ${names('sortable')}.`],
    ['$select', text, 'Properties to answer with, between commas.'],
    ['$count', { type: 'boolean' }, 'Whether to say in @odata.count how many match.'],
    ...(set.expandable.length > 0
      ? [
          [
            '$expand',
            text,
            `What to answer with besides: ${set.expandable.map(({ name }) => name).join(', ')}.`,
          ] as const,
        ]
      : []),
    ...(set.paging
      ? [['$skiptoken', text, 'Where a page begins, as an @odata.nextLink says it.'] as const]
      : []),
  ];
  return options.map(([name, schema, description]) => ({
    name,
    in: 'query',
    required: false,
    description,
    schema,
  }));
}

/** What any route of its kind may answer besides its own. */
function errorResponses({ access, path }: Route): object {
  const statuses = [
    400,
    ...(access.kind === 'public' ? [] : [401, 403]),
    ...(path.includes(':') ? [404] : []),
    ...(access.kind === 'api' ? [429] : []),
    500,
  ];
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${errorSchema(path)}` } } };
  const retryAfter = { description: 'Seconds to wait.', required: true, schema: { type: 'integer' } };
  return {
    ...Object.fromEntries(
      statuses.map((status) => [
        status,
        {
          description: `Refused or failed: ${codesOf(status).join(', ')}.`,
          ...(status === 429 ? { headers: { 'Retry-After': retryAfter } } : {}),
          content,
        },
      ]),
    ),
    default: { description: 'Refused or failed.', content },
  };
}

function codesOf(status: number): string[] {
  return Object.entries(apiErrors).flatMap(([code, spec]) => (spec.status === status ? [code] : []));
}

function bodyTypeOf({ accepts }: Route): string {
  if (accepts === 'form') return 'application/x-www-form-urlencoded';
  return accepts === 'raw' ? 'application/octet-stream' : 'application/json';
}

/** Addresses of Graph, of SCIM and of tokens answer in their words. */
function errorSchema(path: string): string {
  if (speaksAadsts(path)) return 'OAuthError';
  if (path.startsWith('/scim/')) return 'ScimError';
  return path.startsWith('/v1.0/') ? 'GraphError' : 'Error';
}

function contentTypeOf(schema: object): string {
  return 'type' in schema && schema.type === 'string' ? 'text/plain' : 'application/json';
}

function security(access: Access): object {
  switch (access.kind) {
    case 'api':
      return {
        security: [{ bearer: [] }],
        'x-merlon-access': {
          application: access.application,
          delegated: access.delegated,
          role: access.role,
          deviceScope: access.deviceScope,
          lasting: access.lasting ?? false,
        },
      };
    case 'device':
      return { security: [{ device: [] }] };
    case 'collector':
      return { security: [{ collector: [] }] };
    case 'public':
      return { security: [] };
  }
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: object;
}

function parameters(place: 'path' | 'query', schema: object | undefined): Parameter[] {
  if (
    !schema ||
    !('properties' in schema) ||
    typeof schema.properties !== 'object' ||
    schema.properties === null
  )
    return [];
  const required = 'required' in schema && Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).map(([name, own]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: own as object,
  }));
}
