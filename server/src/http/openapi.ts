/** OpenAPI 3.1 description of the route table. Schemas are JSON Schema already. Pure. */
import type { Access, Route } from './route.ts';

export function openapi(routes: readonly Route[], version: string, serverUrl: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:([A-Za-z_]\w*)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Merlon',
      version,
      description:
        'The Defender for Endpoint API, self-hosted. Every /api path also answers under /api/v1.0; paths match whatever their case.',
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
                code: { type: 'string' },
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
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message', 'target'],
              properties: {
                code: { type: 'string' },
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
    parameters: [...parameters('path', route.params), ...parameters('query', route.query)],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }
      : {}),
    responses: {
      ...responses,
      default: {
        description: 'Refused or failed.',
        content: {
          'application/json': { schema: { $ref: `#/components/schemas/${errorSchema(route.path)}` } },
        },
      },
    },
  };
}

/** Addresses of Graph and of SCIM answer in their words. */
function errorSchema(path: string): string {
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
        },
      };
    case 'device':
      return { security: [{ device: [] }] };
    case 'public':
      return { security: [] };
  }
}

function parameters(place: 'path' | 'query', schema: object | undefined): object[] {
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
