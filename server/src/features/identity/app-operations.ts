/** What administrators do with app registrations and with consent. */
import { ApiError, isGuid } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { defineOperation, type Operation, type OperationCaller } from '../../management/operation.ts';
import { requireApplicationBelow } from '../access/index.ts';
import type { AppHolders } from './app-holders.ts';
import type { App, Apps, RegisteredApp } from './apps.ts';

const exactly = { additionalProperties: false } as const;
const id = Type.String({ minLength: 36, maxLength: 36 });
const name = Type.String({ minLength: 1, maxLength: 120 });
const names = Type.Array(Type.String({ maxLength: 100 }), { maxItems: 100 });
const uris = Type.Array(Type.String({ maxLength: 1_000 }), { maxItems: 50 });
const days = Type.Integer({ minimum: 1, maximum: 730 });
const role = 'PortalSettings.Manage';
/** Besides people: programs, which change no application above what they hold themselves. */
const programs = {
  reading: ['AccessManagement.Read.All', 'AccessManagement.ReadWrite.All'],
  writing: ['AccessManagement.ReadWrite.All'],
} as const;

const Secret = Type.Object({ id: Type.String(), hint: Type.String(), expires: Type.String() });
const Certificate = Type.Object({
  id: Type.String(),
  subject: Type.String(),
  sha256: Type.String(),
  expires: Type.String(),
});
const facts = {
  /** The client id. */
  id: Type.String(),
  tenantId: Type.String(),
  clientId: Type.String(),
  name: Type.String(),
  permissions: Type.Array(Type.String()),
  delegatedPermissions: Type.Array(Type.String()),
  publicClient: Type.Boolean(),
  redirectUris: Type.Array(Type.String()),
  multiTenant: Type.Boolean(),
  /** Whether people may give their passwords to it, for it to sign in by. */
  passwordGrant: Type.Boolean(),
  enabled: Type.Boolean(),
};
const Application = Type.Object(facts);
const RegisteredApplication = Type.Object({
  ...facts,
  secrets: Type.Array(Secret),
  certificates: Type.Array(Certificate),
  /** Calls with its tokens, by day, of the last 30 days. */
  usage: Type.Array(Type.Object({ day: Type.String(), calls: Type.Integer() })),
});
const MadeApplication = Type.Object({
  ...facts,
  /** Shown this once. Null for a public client, or when none was asked for. */
  clientSecret: Type.Union([Type.String(), Type.Null()]),
  secretExpires: Type.Union([Type.String(), Type.Null()]),
});
const MadeSecret = Type.Object({
  tenantId: Type.String(),
  clientId: Type.String(),
  secretId: Type.String(),
  clientSecret: Type.String(),
  secretExpires: Type.String(),
});
const Consent = Type.Object({
  id: Type.String(),
  clientId: Type.String(),
  permissions: Type.Array(Type.String()),
  delegatedPermissions: Type.Array(Type.String()),
  consentedBy: Type.String(),
  consentedAt: Type.String(),
});

export function appOperations(apps: Apps, holders: AppHolders): Operation[] {
  /** Whoever may change an application, or make a secret of it, may act as it. */
  async function below({ program, tenantId }: OperationCaller, clientId: string): Promise<void> {
    if (program !== null) requireApplicationBelow(program, await apps.get(tenantId, clientId));
  }

  return [
    defineOperation({
      name: 'app.list',
      method: 'GET',
      path: '/api/merlon/applications',
      summary: 'List applications with their credentials and calls per day.',
      role,
      application: programs.reading,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(RegisteredApplication) }),
      run: async ({ tenantId }) => ({ value: (await apps.list(tenantId)).map(registeredApplication) }),
    }),
    defineOperation({
      name: 'app.get',
      method: 'GET',
      path: '/api/merlon/applications/:id',
      summary: 'One application with its credentials and calls per day.',
      role,
      application: programs.reading,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: RegisteredApplication,
      run: async ({ tenantId }, input) => registeredApplication(await apps.get(tenantId, guid(input.id))),
    }),
    defineOperation({
      name: 'app.create',
      method: 'POST',
      path: '/api/merlon/applications',
      summary: 'Register an application; its secret is shown this once.',
      role,
      application: programs.writing,
      changes: 'application',
      lasting: true,
      input: Type.Object(
        {
          name,
          permissions: Type.Optional(names),
          delegatedPermissions: Type.Optional(names),
          publicClient: Type.Optional(Type.Boolean()),
          redirectUris: Type.Optional(uris),
          multiTenant: Type.Optional(Type.Boolean()),
          passwordGrant: Type.Optional(Type.Boolean()),
          secretDays: Type.Optional(days),
          /** False: it will sign in with a certificate. */
          withSecret: Type.Optional(Type.Boolean()),
        },
        exactly,
      ),
      output: MadeApplication,
      async run(caller, input) {
        const { tenantId } = caller;
        requireApplicationBelow(caller.program, {
          permissions: input.permissions ?? [],
          delegated: input.delegatedPermissions ?? [],
        });
        const isPublic = input.publicClient ?? false;
        const app = await apps.create(tenantId, {
          name: input.name,
          permissions: input.permissions ?? [],
          delegated: input.delegatedPermissions ?? [],
          isPublic,
          redirectUris: input.redirectUris ?? [],
          multiTenant: input.multiTenant ?? false,
          passwordGrant: input.passwordGrant ?? false,
          enabled: true,
        });
        const made =
          isPublic || input.withSecret === false
            ? null
            : await apps.addSecret(tenantId, app.clientId, input.secretDays);
        if (made) await holders.made(caller, { ...made.secret, clientId: app.clientId });
        return {
          ...application(app),
          clientSecret: made?.clientSecret ?? null,
          secretExpires: made?.secret.expiresAt.toISOString() ?? null,
        };
      },
    }),
    defineOperation({
      name: 'app.update',
      method: 'PATCH',
      path: '/api/merlon/applications/:id',
      summary: 'Rename, disable or enable an application, or change what it may do; what is left out stays.',
      role,
      application: programs.writing,
      changes: 'application',
      lasting: 'unlessOff',
      input: Type.Object(
        {
          id,
          name: Type.Optional(name),
          permissions: Type.Optional(names),
          delegatedPermissions: Type.Optional(names),
          redirectUris: Type.Optional(uris),
          multiTenant: Type.Optional(Type.Boolean()),
          passwordGrant: Type.Optional(Type.Boolean()),
          enabled: Type.Optional(Type.Boolean()),
        },
        exactly,
      ),
      output: Application,
      async run(caller, { id: client, delegatedPermissions, ...change }) {
        await below(caller, guid(client));
        requireApplicationBelow(caller.program, {
          permissions: change.permissions ?? [],
          delegated: delegatedPermissions ?? [],
        });
        return application(
          await apps.update(caller.tenantId, guid(client), {
            ...change,
            ...(delegatedPermissions === undefined ? {} : { delegated: delegatedPermissions }),
          }),
        );
      },
    }),
    defineOperation({
      name: 'app.remove',
      method: 'DELETE',
      path: '/api/merlon/applications/:id',
      summary: 'Remove an application and its credentials; its tokens end within the hour.',
      role,
      application: programs.writing,
      changes: 'application',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Type.Object({ id: Type.String() }),
      async run(caller, input) {
        const { tenantId } = caller;
        await below(caller, guid(input.id));
        for (const { id: credential } of await credentials(apps, tenantId, guid(input.id)))
          await holders.removed(tenantId, credential);
        await apps.remove(tenantId, guid(input.id));
        return { id: input.id };
      },
    }),
    defineOperation({
      name: 'app.addSecret',
      method: 'POST',
      path: '/api/merlon/applications/:id/secrets',
      summary: 'Make a further secret, at most two at a time; it is shown this once.',
      role,
      application: programs.writing,
      changes: 'application',
      lasting: true,
      input: Type.Object({ id, days: Type.Optional(days) }, exactly),
      output: MadeSecret,
      async run(caller, input) {
        const { tenantId } = caller;
        await below(caller, guid(input.id));
        const { clientSecret, secret } = await apps.addSecret(tenantId, guid(input.id), input.days);
        await holders.made(caller, { ...secret, clientId: guid(input.id) });
        return {
          tenantId,
          clientId: guid(input.id),
          secretId: secret.id,
          clientSecret,
          secretExpires: secret.expiresAt.toISOString(),
        };
      },
    }),
    defineOperation({
      name: 'app.removeSecret',
      method: 'DELETE',
      path: '/api/merlon/applications/:id/secrets/:secretId',
      summary: 'Take a secret away; tokens given for it end within the hour.',
      role,
      application: programs.writing,
      changes: 'application',
      lasting: false,
      input: Type.Object({ id, secretId: id }, exactly),
      output: Type.Object({ id: Type.String(), secretId: Type.String() }),
      async run(caller, input) {
        const { tenantId } = caller;
        await below(caller, guid(input.id));
        await holders.removed(tenantId, guid(input.secretId));
        await apps.removeSecret(tenantId, guid(input.id), guid(input.secretId));
        return { id: input.id, secretId: input.secretId };
      },
    }),
    defineOperation({
      name: 'app.addCertificate',
      method: 'POST',
      path: '/api/merlon/applications/:id/certificates',
      summary: 'Let the application prove itself with the key of a certificate, at most two at a time.',
      role,
      application: programs.writing,
      changes: 'application',
      lasting: true,
      input: Type.Object({ id, certificate: Type.String({ maxLength: 20_000 }) }, exactly),
      output: Certificate,
      async run(caller, input) {
        await below(caller, guid(input.id));
        const added = await apps.addCertificate(caller.tenantId, guid(input.id), input.certificate);
        await holders.made(caller, { ...added, clientId: guid(input.id) });
        return certificate(added);
      },
    }),
    defineOperation({
      name: 'app.removeCertificate',
      method: 'DELETE',
      path: '/api/merlon/applications/:id/certificates/:certificateId',
      summary: 'Take a certificate away; tokens given for it end within the hour.',
      role,
      application: programs.writing,
      changes: 'application',
      lasting: false,
      input: Type.Object({ id, certificateId: id }, exactly),
      output: Type.Object({ id: Type.String(), certificateId: Type.String() }),
      async run(caller, input) {
        const { tenantId } = caller;
        await below(caller, guid(input.id));
        await holders.removed(tenantId, guid(input.certificateId));
        await apps.removeCertificate(tenantId, guid(input.id), guid(input.certificateId));
        return { id: input.id, certificateId: input.certificateId };
      },
    }),
    defineOperation({
      name: 'consent.list',
      method: 'GET',
      path: '/api/merlon/consents',
      summary: 'Applications of other tenants that may act in this one.',
      role,
      application: programs.reading,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(Consent) }),
      run: async ({ tenantId }) => ({
        value: (await apps.consents(tenantId)).map((row) => ({
          id: row.client_id,
          clientId: row.client_id,
          permissions: row.permissions,
          delegatedPermissions: row.delegated,
          consentedBy: row.consented_by,
          consentedAt: row.consented_at.toISOString(),
        })),
      }),
    }),
    defineOperation({
      name: 'consent.give',
      method: 'POST',
      path: '/api/merlon/consents',
      summary: 'Let an application of another tenant do here what it asks for.',
      role,
      application: programs.writing,
      changes: 'application',
      lasting: true,
      input: Type.Object({ clientId: id }, exactly),
      output: Application,
      async run({ tenantId, actor, program }, input) {
        const asking = program === null ? null : await apps.home(guid(input.clientId));
        if (asking) requireApplicationBelow(program, asking);
        return application(await apps.consent(tenantId, guid(input.clientId), actor.name));
      },
    }),
    defineOperation({
      name: 'consent.withdraw',
      method: 'DELETE',
      path: '/api/merlon/consents/:id',
      summary: 'Withdraw consent; tokens given before end within the hour.',
      role,
      application: programs.writing,
      changes: 'application',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Type.Object({ id: Type.String() }),
      async run({ tenantId, program }, input) {
        const present = program === null ? null : await apps.find(tenantId, guid(input.id));
        if (present) requireApplicationBelow(program, present);
        await apps.withdrawConsent(tenantId, guid(input.id));
        return { id: input.id };
      },
    }),
  ];
}

async function credentials(apps: Apps, tenantId: string, clientId: string): Promise<{ id: string }[]> {
  const { secrets, certificates } = await apps.get(tenantId, clientId);
  return [...secrets, ...certificates];
}

function application(app: App): Static<typeof Application> {
  return {
    id: app.clientId,
    tenantId: app.tenantId,
    clientId: app.clientId,
    name: app.name,
    permissions: [...app.permissions],
    delegatedPermissions: [...app.delegated],
    publicClient: app.isPublic,
    redirectUris: [...app.redirectUris],
    multiTenant: app.multiTenant,
    passwordGrant: app.passwordGrant,
    enabled: app.enabled,
  };
}

function registeredApplication(app: RegisteredApp): Static<typeof RegisteredApplication> {
  return {
    ...application(app),
    secrets: app.secrets.map((one) => ({ id: one.id, hint: one.hint, expires: one.expiresAt.toISOString() })),
    certificates: app.certificates.map(certificate),
    usage: app.usage.map((one) => ({ ...one })),
  };
}

function certificate(one: RegisteredApp['certificates'][number]): Static<typeof Certificate> {
  return { id: one.id, subject: one.subject, sha256: one.sha256, expires: one.expiresAt.toISOString() };
}

function guid(text: string): string {
  if (!isGuid(text)) throw new ApiError('InvalidInput', `"${text}" is not an id.`);
  return text.toLowerCase();
}
