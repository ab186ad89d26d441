/** `merlon identity-provider` */
import { readFileSync } from 'node:fs';
import type { RegisterCommands } from '../../feature.ts';
import { type CommandSpec, columns, registerCommands, yesOrNo } from '../../management/command-table.ts';
import type { IdentityProvider } from './identity-provider.ts';

const line = (one: IdentityProvider) => [one.id, one.name, one.issuer, one.enabled ? 'on' : 'off'];
const one = (provider: IdentityProvider) =>
  `${line(provider).join('  ')}\nredirect URI to register there: ${provider.redirectUri}`;
const id = { member: 'id', help: 'id of the provider' };

/** `groups=roles` → `{ groups: 'roles' }`; the server says what of it is not known. */
const claims = (words: string | string[]) =>
  Object.fromEntries(
    [words].flat().map((word) => {
      const cut = word.indexOf('=');
      return [word.slice(0, cut), word.slice(cut + 1)];
    }),
  );
/** `oid=externalId` → `{ claim: 'oid', attribute: 'externalId' }` */
const match = (word: string) => {
  if (word === 'off') return null;
  const cut = word.lastIndexOf('=');
  return { claim: word.slice(0, Math.max(cut, 0)), attribute: word.slice(cut + 1) };
};
const needed = [
  { flags: '--name <name>', help: 'what its button says', member: 'name' },
  { flags: '--issuer <address>', help: 'its issuer, exactly as it calls itself', member: 'issuer' },
  { flags: '--client-id <id>', help: 'what it calls Merlon', member: 'clientId' },
];
const others = [
  {
    flags: '--client-secret-file <path>',
    help: 'file that holds the client secret',
    member: 'clientSecret',
    read: (path: string | string[]) => readFileSync(String(path), 'utf8').trim(),
  },
  {
    flags: '--scope <scope...>',
    help: 'scopes to ask for',
    member: 'scopes',
    read: (words: string | string[]) => [words].flat(),
  },
  {
    flags: '--claim <mapping...>',
    help: 'claims to read, such as groups=groups roles=realm_access.roles program=client_id; also userName, displayName, email, scopes',
    member: 'claims',
    read: claims,
  },
  {
    flags: '--api-audience <audience>',
    help: 'take its tokens for this audience at the API',
    member: 'apiAudience',
  },
  {
    flags: '--email-domain <domain...>',
    help: 'only who has a verified address there',
    member: 'emailDomains',
    read: (words: string | string[]) => [words].flat(),
  },
  { flags: '--provisioning', help: 'give unknown people an account', member: 'provisioning' },
  {
    flags: '--no-provisioning',
    help: 'only people who have an account',
    member: 'provisioning',
  },
  {
    flags: '--match-provisioned <claim=attribute>',
    help: 'claim that names people whom SCIM provisioned, by their externalId or userName: oid=externalId; "off" for none',
    member: 'matchProvisioned',
    read: (word: string | string[]) => match(String(word)),
  },
  {
    flags: '--mfa-trusted',
    help: 'take its word that a person gave a second proof',
    member: 'mfaTrusted',
  },
  { flags: '--no-mfa-trusted', help: 'ask for the second proof here', member: 'mfaTrusted' },
];

const specs: readonly CommandSpec[] = [
  {
    name: 'list',
    help: 'external identity providers',
    calls: 'identityProvider.list',
    human: ({ value }: { value: IdentityProvider[] }) =>
      columns(value.map(line), 'No external identity providers.'),
  },
  { name: 'show', help: 'one of them', calls: 'identityProvider.get', args: [id], human: one },
  {
    name: 'create',
    help: 'let people and programs of an OpenID Connect issuer in',
    calls: 'identityProvider.create',
    options: [...needed.map((option) => ({ ...option, required: true })), ...others],
    human: one,
  },
  {
    name: 'update',
    help: 'change one; its configuration is read again',
    calls: 'identityProvider.update',
    args: [id],
    options: [
      ...needed,
      ...others,
      {
        flags: '--enabled <yes|no>',
        help: 'turn it on or off',
        member: 'enabled',
        read: yesOrNo,
      },
    ],
    human: one,
  },
  {
    name: 'remove',
    help: 'remove one; the accounts it made stay',
    calls: 'identityProvider.remove',
    args: [id],
    human: one,
  },
];

export const federationCommands: RegisterCommands = (program, context) =>
  registerCommands(program, context, {
    name: 'identity-provider',
    help: 'external OpenID Connect providers',
    commands: specs,
  });
