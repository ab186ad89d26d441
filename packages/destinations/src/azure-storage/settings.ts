/** What is asked about a storage account. */
import { type Static, Type } from 'typebox';
import { checkConnectionString } from '../azure/connection-string.ts';
import { checkEntra, entraMembers, entraSecrets } from '../azure/entra-identity.ts';
import { DeliveryError } from '../destination.ts';
import { checkTls, tlsMembers } from '../tls-settings.ts';

export const Settings = Type.Object(
  {
    authentication: Type.Enum(['connectionString', 'sas', 'servicePrincipal', 'managedIdentity'], {
      description: 'How the server shows who it is.',
    }),
    connectionString: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 8_000,
        description: 'Connection string of the account, with its key or a SAS.',
      }),
    ),
    accountUrl: Type.Optional(
      Type.String({
        minLength: 8,
        maxLength: 2_000,
        description:
          'Blob endpoint of the account, as https://name.blob.core.windows.net; needed without a connection string.',
      }),
    ),
    sasToken: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4_000,
        description:
          'Shared access signature of the account with the rights to read, add, create and write in containers and objects.',
      }),
    ),
    ...entraMembers,
    createContainers: Type.Optional(
      Type.Boolean({ description: 'Whether containers that are not there are made. Default true.' }),
    ),
    blocksPerBlob: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 50_000,
        description:
          'Blocks after which a further blob is begun for the hour. Default 50000, the most a blob can have.',
      }),
    ),
    allowHttp: Type.Optional(
      Type.Boolean({
        description:
          'Whether the account may be spoken to without TLS, as emulators are. Everybody on the way then reads the records. Default false.',
      }),
    ),
    ca: tlsMembers.ca,
  },
  { additionalProperties: false },
);
export type Settings = Static<typeof Settings>;

export const secrets = ['connectionString', 'sasToken', ...entraSecrets] as const;

/** @throws DeliveryError `settings`, naming the member */
export function check(settings: Settings): void {
  const { authentication, connectionString, accountUrl, sasToken } = settings;
  checkConnectionString(authentication, connectionString, {
    member: 'accountUrl',
    value: accountUrl,
    named: 'the account',
  });
  if ((authentication === 'sas') !== (sasToken !== undefined))
    throw new DeliveryError(
      'settings',
      authentication === 'sas'
        ? 'sasToken is missing.'
        : `sasToken is given, but authentication is "${authentication}".`,
    );
  if (sasToken !== undefined && !new URLSearchParams(sasToken).has('sig'))
    throw new DeliveryError('settings', 'sasToken is not a shared access signature: it has no "sig".');
  checkEntra(authentication, settings);
  checkTls({ ...(settings.ca === undefined ? {} : { ca: settings.ca }) });
  const url = blobEndpoint(settings);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && settings.allowHttp === true))
    throw new DeliveryError(
      'settings',
      `The blob endpoint begins with ${url.protocol}//, which allowHttp would have to allow.`,
    );
  if (
    url.protocol === 'http:' &&
    (authentication === 'servicePrincipal' || authentication === 'managedIdentity')
  )
    throw new DeliveryError('settings', 'A token is only sent over https://.');
}

/** @throws DeliveryError `settings`, naming the member */
export function blobEndpoint(settings: Settings): URL {
  const [member, text] =
    settings.connectionString === undefined
      ? ['accountUrl', settings.accountUrl ?? '']
      : ['connectionString', endpointIn(settings.connectionString)];
  if (!URL.canParse(text)) throw new DeliveryError('settings', `${member} names no blob endpoint.`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new DeliveryError('settings', `${member}: the blob endpoint may hold no user, query or fragment.`);
  return url;
}

/** Of a connection string: `BlobEndpoint`, or what its protocol, account and suffix make. */
function endpointIn(connectionString: string): string {
  const parts = new Map(
    connectionString.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
    }),
  );
  // The emulator's well-known shorthand.
  if (parts.get('usedevelopmentstorage') === 'true') return 'http://127.0.0.1:10000/devstoreaccount1';
  const account = parts.get('accountname');
  return (
    parts.get('blobendpoint') ??
    (account === undefined
      ? ''
      : `${parts.get('defaultendpointsprotocol') ?? 'https'}://${account}.blob.${parts.get('endpointsuffix') ?? 'core.windows.net'}`)
  );
}
