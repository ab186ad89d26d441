/** Settings of a destination are kept in two parts: what may be shown, and the secrets, sealed together. */
import type { DestinationKind } from '@merlon/destinations';
import type { SecretSeal } from '../../secrets/secret-seal.ts';
import type { StoredSetting } from './export-setting.ts';

type Settings = Readonly<Record<string, unknown>>;

const ownerOf = ({ tenantId, id }: Pick<StoredSetting, 'tenantId' | 'id'>) => `export ${tenantId}/${id}`;

export function parted(kind: DestinationKind, settings: Settings): { open: Settings; secret: Settings } {
  const entries = Object.entries(settings);
  const isSecret = ([name]: [string, unknown]) => kind.secrets.includes(name);
  return {
    open: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    secret: Object.fromEntries(entries.filter(isSecret)),
  };
}

export async function sealed(
  owner: Pick<StoredSetting, 'tenantId' | 'id'>,
  secret: Settings,
  seal: SecretSeal,
): Promise<Pick<StoredSetting, 'sealed' | 'secretNames'>> {
  const secretNames = Object.keys(secret);
  if (secretNames.length === 0) return { sealed: null, secretNames };
  return { sealed: await seal.seal(JSON.stringify(secret), ownerOf(owner)), secretNames };
}

export async function withSecrets(setting: StoredSetting, seal: SecretSeal): Promise<Settings> {
  if (setting.sealed === null) return setting.settings;
  const secret = JSON.parse(await seal.open(setting.sealed, ownerOf(setting))) as Settings;
  return { ...setting.settings, ...secret };
}
