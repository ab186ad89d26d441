/** Settings that lie in the database in two parts: what may be shown, and the secrets among them, sealed together. */
import type { SecretSeal } from './secret-seal.ts';

export type Settings = Readonly<Record<string, unknown>>;

export interface SealedSettings {
  /** What may be shown. */
  readonly settings: Settings;
  /** JSON of the secrets by name, sealed; null: there are none. */
  readonly sealed: string | null;
}

/** @param kind names those of its settings that are secret */
export function parted(
  kind: { readonly secrets: readonly string[] },
  settings: Settings,
): { open: Settings; secret: Settings } {
  const entries = Object.entries(settings);
  const isSecret = ([name]: [string, unknown]) => kind.secrets.includes(name);
  return {
    open: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    secret: Object.fromEntries(entries.filter(isSecret)),
  };
}

/** @param owner what the secrets belong to; they open for nothing else */
export async function sealSecrets(
  secret: Settings,
  owner: string,
  seal: SecretSeal,
): Promise<{ readonly sealed: string | null; readonly secretNames: readonly string[] }> {
  const secretNames = Object.keys(secret);
  if (secretNames.length === 0) return { sealed: null, secretNames };
  return { sealed: await seal.seal(JSON.stringify(secret), owner), secretNames };
}

export async function openSettings(
  { settings, sealed }: SealedSettings,
  owner: string,
  seal: SecretSeal,
): Promise<Settings> {
  if (sealed === null) return settings;
  return { ...settings, ...(JSON.parse(await seal.open(sealed, owner)) as Settings) };
}
