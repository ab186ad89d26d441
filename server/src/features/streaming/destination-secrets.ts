/** The secrets of a setting's destination belong to that setting alone. */

import { openSettings, type Settings, sealSecrets } from '../../secrets/sealed-settings.ts';
import type { SecretSeal } from '../../secrets/secret-seal.ts';
import type { StoredSetting } from './export-setting.ts';

const ownerOf = ({ tenantId, id }: Pick<StoredSetting, 'tenantId' | 'id'>) => `export ${tenantId}/${id}`;

export const sealed = (
  owner: Pick<StoredSetting, 'tenantId' | 'id'>,
  secret: Settings,
  seal: SecretSeal,
): Promise<Pick<StoredSetting, 'sealed' | 'secretNames'>> => sealSecrets(secret, ownerOf(owner), seal);

export const withSecrets = (setting: StoredSetting, seal: SecretSeal): Promise<Settings> =>
  openSettings(setting, ownerOf(setting), seal);
