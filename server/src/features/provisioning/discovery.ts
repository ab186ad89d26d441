/** What the service can do, told as SCIM tells it (RFC 7643 §5, §6, §7). Pure. */
import { MOST_RESULTS } from './list-query.ts';
import type { Document } from './match.ts';
import { type Attribute, groupType, type ResourceType, type Schema, schemas, userType } from './schema.ts';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';

export function serviceProviderConfig(base: string): Document {
  return {
    schemas: [`${CORE}:ServiceProviderConfig`],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MOST_RESULTS },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Provisioning token',
        description: 'Made by an administrator, sent as Authorization: Bearer.',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}

export function resourceTypes(base: string): Document[] {
  return [userType, groupType].map((type) => resourceType(base, type));
}

function resourceType(
  base: string,
  { name, endpoint, description, schema, extensions }: ResourceType,
): Document {
  return {
    schemas: [`${CORE}:ResourceType`],
    id: name,
    name,
    endpoint,
    description,
    schema: schema.id,
    schemaExtensions: extensions.map(({ id }) => ({ schema: id, required: false })),
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
  };
}

export function schemaDocuments(base: string): Document[] {
  return schemas.map(({ id, name, description, attributes }: Schema) => ({
    schemas: [`${CORE}:Schema`],
    id,
    name,
    description,
    attributes: attributes.map(attributeDocument),
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
  }));
}

function attributeDocument({ subAttributes, ...facts }: Attribute): Document {
  return {
    ...facts,
    ...(facts.type === 'reference' ? { referenceTypes: ['uri'] } : {}),
    ...(subAttributes === undefined ? {} : { subAttributes: subAttributes.map(attributeDocument) }),
  };
}

export function listOf(resources: readonly Document[], total = resources.length, startIndex = 1): Document {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}
