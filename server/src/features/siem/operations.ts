/** What administrators do with SIEM integration: turn it on, hand its details to a connector, let a provider of services read, turn it off. */
import { ApiError } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { defineOperation, type Operation, type OperationCaller } from '../../management/operation.ts';
import type { ConnectorApps } from '../identity/index.ts';
import { CONNECTOR_NAME, CONNECTOR_REDIRECT, connectionOf } from './connection.ts';
import { CONNECTOR_KINDS, connectorFiles } from './connector-files.ts';
import type { Integration, Reader, SiemStore } from './store.ts';

const exactly = { additionalProperties: false } as const;
const role = 'PortalSettings.Manage';
const id = Type.String({ format: 'uuid' });
const time = Type.String();
const days = Type.Integer({ minimum: 1, maximum: 730 });
const secretText = Type.String({ minLength: 1, maxLength: 10_000 });

const connection = {
  tenantId: Type.String(),
  identifierUri: Type.String(),
  /** What a token is asked for. */
  resource: Type.String(),
  authorizationUrl: Type.String(),
  tokenUrl: Type.String(),
  eventsUrl: Type.String(),
};
const Authorised = Type.Object({
  /** The client id. */
  id: Type.String(),
  tenantId: Type.String(),
  name: Type.String(),
  authorisedBy: Type.String(),
  authorisedAt: time,
});
const State = Type.Object({
  enabled: Type.Boolean(),
  clientId: Type.Union([Type.String(), Type.Null()]),
  enabledBy: Type.Union([Type.String(), Type.Null()]),
  enabledAt: Type.Union([time, Type.Null()]),
  ...connection,
  secrets: Type.Array(Type.Object({ id: Type.String(), hint: Type.String(), expires: time })),
  /** Applications of other tenants that read detections of this one. */
  authorised: Type.Array(Authorised),
});
const secret = { secretId: Type.String(), clientSecret: Type.String(), secretExpires: time };
const Enabled = Type.Object({ id: Type.String(), clientId: Type.String(), ...connection, ...secret });
const Tokens = Type.Object({
  id: Type.String(),
  accessToken: Type.String(),
  accessTokenExpires: time,
  refreshToken: Type.String(),
  refreshTokenExpires: time,
});

export function siemOperations(deps: {
  readonly store: SiemStore;
  readonly connectors: ConnectorApps;
  readonly hosts: readonly string[];
  publicOrigin(): string;
}): Operation[] {
  const { store, connectors } = deps;
  const connected = (tenantId: string) => connectionOf(tenantId, deps.publicOrigin(), deps.hosts);
  /** @throws ResourceNotFound */
  const requireOn = async (tenantId: string): Promise<Integration> => {
    const on = await store.integration(tenantId);
    if (on === null) throw new ApiError('ResourceNotFound', 'SIEM integration is off; enable it first.');
    return on;
  };

  return [
    defineOperation({
      name: 'siem.get',
      method: 'GET',
      path: '/api/merlon/siem',
      summary: 'Whether SIEM integration is on, its addresses, and who of other tenants reads.',
      role,
      changes: null,
      input: Type.Object({}, exactly),
      output: State,
      async run({ tenantId }) {
        const on = await store.integration(tenantId);
        const secrets = on === null ? null : await connectors.secrets(tenantId, on.clientId);
        return {
          enabled: on !== null,
          clientId: on?.clientId ?? null,
          enabledBy: on?.enabledBy ?? null,
          enabledAt: on?.enabledAt.toISOString() ?? null,
          ...connected(tenantId),
          secrets: (secrets ?? []).map((one) => ({
            id: one.id,
            hint: one.hint,
            expires: one.expiresAt.toISOString(),
          })),
          authorised: (await store.readers(tenantId)).map(authorised),
        };
      },
    }),
    defineOperation({
      name: 'siem.enable',
      method: 'POST',
      path: '/api/merlon/siem',
      summary: 'Make the connector application, which reads detections; its secret is shown this once.',
      role,
      changes: 'siemIntegration',
      lasting: true,
      input: Type.Object({ secretDays: Type.Optional(days) }, exactly),
      output: Enabled,
      async run(caller, { secretDays }) {
        if ((await store.integration(caller.tenantId)) !== null)
          throw new ApiError('Conflict', 'SIEM integration is on already.');
        const { clientId, ...made } = await connectors.create(caller, {
          name: CONNECTOR_NAME,
          redirectUris: [CONNECTOR_REDIRECT],
          ...(secretDays === undefined ? {} : { secretDays }),
        });
        await store.enable(caller.tenantId, clientId, caller.actor.name);
        return { id: clientId, clientId, ...connected(caller.tenantId), ...shown(made) };
      },
    }),
    defineOperation({
      name: 'siem.renewSecret',
      method: 'POST',
      path: '/api/merlon/siem/secret',
      summary: 'A further secret of the connector, shown this once; the oldest goes when there are two.',
      role,
      changes: 'siemIntegration',
      lasting: true,
      input: Type.Object({ secretDays: Type.Optional(days) }, exactly),
      output: Type.Object({ id: Type.String(), clientId: Type.String(), ...secret }),
      async run(caller, { secretDays }) {
        const { clientId } = await requireOn(caller.tenantId);
        const made = await connectors.renewSecret(caller, clientId, secretDays);
        return { id: clientId, clientId, ...shown(made) };
      },
    }),
    defineOperation({
      name: 'siem.generateTokens',
      method: 'POST',
      path: '/api/merlon/siem/tokens',
      summary: 'An access token of an hour and a refresh token of 90 days, for the person who asks.',
      role,
      changes: 'siemIntegration',
      lasting: true,
      input: Type.Object({ userId: Type.Optional(id) }, exactly),
      output: Tokens,
      async run(caller, { userId }) {
        const { clientId } = await requireOn(caller.tenantId);
        const made = await connectors.tokens(caller.tenantId, clientId, personOf(caller, userId));
        return {
          id: clientId,
          accessToken: made.accessToken,
          accessTokenExpires: made.accessExpiresAt.toISOString(),
          refreshToken: made.refreshToken,
          refreshTokenExpires: made.refreshExpiresAt.toISOString(),
        };
      },
    }),
    defineOperation({
      name: 'siem.files',
      method: 'POST',
      path: '/api/merlon/siem/files',
      summary: 'Ready-made settings of a connector, with the secrets that are handed in.',
      role,
      changes: null,
      input: Type.Object(
        {
          kind: Type.Enum([...CONNECTOR_KINDS]),
          clientSecret: Type.Optional(secretText),
          accessToken: Type.Optional(secretText),
          refreshToken: Type.Optional(secretText),
        },
        exactly,
      ),
      output: Type.Object({
        /** `content` in base64. */
        files: Type.Array(Type.Object({ name: Type.String(), content: Type.String() })),
      }),
      async run({ tenantId }, { kind, ...secrets }) {
        const { clientId } = await requireOn(tenantId);
        const files = await connectorFiles(kind, { ...connected(tenantId), clientId, ...secrets });
        return {
          files: files.map(({ name, content }) => ({ name, content: content.toString('base64') })),
        };
      },
    }),
    defineOperation({
      name: 'siem.disable',
      method: 'DELETE',
      path: '/api/merlon/siem',
      summary: 'Remove the connector application: its secrets and refresh tokens open nothing any more.',
      role,
      changes: 'siemIntegration',
      lasting: false,
      input: Type.Object({}, exactly),
      output: Type.Object({ id: Type.String() }),
      async run({ tenantId }) {
        const { clientId } = await requireOn(tenantId);
        await store.disable(tenantId);
        await connectors.remove(tenantId, clientId);
        return { id: clientId };
      },
    }),
    defineOperation({
      name: 'siem.authorise',
      method: 'POST',
      path: '/api/merlon/siem/authorised',
      summary:
        'Let an application of another tenant, as of a provider of services, read detections of this one.',
      role,
      changes: 'siemIntegration',
      lasting: true,
      input: Type.Object({ applicationId: id, tenantId: id }, exactly),
      output: Authorised,
      async run({ tenantId, actor }, input) {
        const foreign = { clientId: input.applicationId, homeTenantId: input.tenantId };
        if ((await store.readers(tenantId)).some((one) => one.clientId === foreign.clientId))
          throw new ApiError('Conflict', `Application ${foreign.clientId} is authorised already.`);
        const { name, added } = await connectors.admit(tenantId, foreign, actor.name);
        return authorised(
          await store.addReader(tenantId, { ...foreign, name, added, authorisedBy: actor.name }),
        );
      },
    }),
    defineOperation({
      name: 'siem.withdraw',
      method: 'DELETE',
      path: '/api/merlon/siem/authorised/:id',
      summary:
        'An application of another tenant reads detections no longer; tokens given before end within the hour.',
      role,
      changes: 'siemIntegration',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Type.Object({ id: Type.String() }),
      async run({ tenantId }, input) {
        const reader = (await store.readers(tenantId)).find((one) => one.clientId === input.id);
        if (reader === undefined)
          throw new ApiError('ResourceNotFound', `Application ${input.id} is not authorised.`);
        await connectors.dismiss(tenantId, reader.clientId, reader.added);
        await store.removeReader(tenantId, reader.clientId);
        return { id: reader.clientId };
      },
    }),
  ];
}

/** Nobody gets the tokens of somebody else; the command line, which is nobody, says whose. */
function personOf({ userId }: OperationCaller, asked: string | undefined): string {
  if (userId !== null) {
    if (asked !== undefined && asked !== userId)
      throw new ApiError('Forbidden', 'Tokens are given to the person who asks for them.');
    return userId;
  }
  if (asked === undefined)
    throw new ApiError('MissingRequiredParameter', "'userId' says for whom the tokens are.");
  return asked;
}

function shown(made: { secretId: string; clientSecret: string; expiresAt: Date }) {
  return {
    secretId: made.secretId,
    clientSecret: made.clientSecret,
    secretExpires: made.expiresAt.toISOString(),
  };
}

function authorised(reader: Reader): Static<typeof Authorised> {
  return {
    id: reader.clientId,
    tenantId: reader.homeTenantId,
    name: reader.name,
    authorisedBy: reader.authorisedBy,
    authorisedAt: reader.authorisedAt.toISOString(),
  };
}
