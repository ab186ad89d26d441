/** Who the server is to Azure when it comes with a token of Microsoft Entra ID: a service principal, or the identity of the machine it runs on. */
import type { TokenCredential } from '@azure/identity';
import { Type } from 'typebox';
import { DeliveryError } from '../destination.ts';
import type { GuardedAgents } from './guarded-agents.ts';

export const entraMembers = {
  tenantId: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: 'Directory of the service principal.' }),
  ),
  clientId: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description:
        'Application of the service principal; of a managed identity that the user assigned, its client.',
    }),
  ),
  clientSecret: Type.Optional(
    Type.String({ minLength: 1, maxLength: 8_000, description: 'Secret of the service principal.' }),
  ),
  authorityHost: Type.Optional(
    Type.String({
      minLength: 8,
      maxLength: 2_000,
      description:
        'Sign-in address of a cloud other than the public one. Default https://login.microsoftonline.com.',
    }),
  ),
};

export const entraSecrets = ['clientSecret'] as const;

export interface EntraSettings {
  readonly tenantId?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly authorityHost?: string;
}

const MEMBERS = ['tenantId', 'clientId', 'clientSecret', 'authorityHost'] as const;

/** @throws DeliveryError `settings`, naming the member */
export function checkEntra(authentication: string, settings: EntraSettings): void {
  const needed: readonly string[] =
    authentication === 'servicePrincipal' ? ['tenantId', 'clientId', 'clientSecret'] : [];
  const taken: readonly string[] =
    authentication === 'servicePrincipal'
      ? MEMBERS
      : authentication === 'managedIdentity'
        ? ['clientId']
        : [];
  for (const member of MEMBERS) {
    if (settings[member] === undefined && needed.includes(member))
      throw new DeliveryError(
        'settings',
        `${member} is missing: authentication "${authentication}" asks for it.`,
      );
    if (settings[member] !== undefined && !taken.includes(member))
      throw new DeliveryError(
        'settings',
        `${member} is given, but authentication "${authentication}" does not use it.`,
      );
  }
  if (settings.authorityHost !== undefined && !isHttps(settings.authorityHost))
    throw new DeliveryError('settings', 'authorityHost is not an https:// address.');
}

const isHttps = (text: string): boolean => URL.canParse(text) && new URL(text).protocol === 'https:';

/** For `servicePrincipal` and `managedIdentity`, after `checkEntra`. */
export async function entraIdentity(
  authentication: 'servicePrincipal' | 'managedIdentity',
  settings: EntraSettings,
  agents: GuardedAgents,
): Promise<TokenCredential> {
  const { ClientSecretCredential, ManagedIdentityCredential } = await import('@azure/identity');
  const { tenantId = '', clientId, clientSecret = '', authorityHost } = settings;
  const retryOptions = { maxRetries: 1 };
  const redirectOptions = { maxRetries: 0 };
  if (authentication === 'servicePrincipal')
    return new ClientSecretCredential(tenantId, clientId ?? '', clientSecret, {
      agent: agents.of('https:'),
      retryOptions,
      redirectOptions,
      // A private authority is known to nobody who could say whether it is one.
      ...(authorityHost === undefined ? {} : { authorityHost, disableInstanceDiscovery: true }),
    });
  // The machine's own endpoint speaks HTTP.
  const options = { agent: agents.of('http:'), retryOptions, redirectOptions };
  return clientId === undefined
    ? new ManagedIdentityCredential(options)
    : new ManagedIdentityCredential({ ...options, clientId });
}
