/** Whether a file may be put away without asking, by the remediation level of its device's group (rbac.md, portal.md section 10) and where it lies. Pure. */
import type { DeviceGroup } from '../device-groups/index.ts';
import type { Verdict } from './verdict-rules.ts';

export type FolderClass = 'temp' | 'core' | 'other';
export type RemediationLevel = DeviceGroup['remediationLevel'];

/** The first that fits decides. Letter case matters on Linux only. */
const FOLDERS: Readonly<Record<'linux' | 'windows' | 'macos', readonly (readonly [FolderClass, RegExp])[]>> =
  {
    linux: [
      ['temp', /^\/(?:tmp|var\/tmp|dev\/shm|run\/user\/[^/]+)(?:\/|$)/],
      ['temp', /^(?:\/home\/[^/]+|\/root)\/(?:Downloads|\.cache)(?:\/|$)/],
      ['other', /^\/usr\/local(?:\/|$)/],
      ['core', /^\/(?:bin|sbin|lib[^/]*|usr|boot|etc|opt|snap)(?:\/|$)/],
      ['core', /^\/$/],
    ],
    windows: [
      ['temp', /^[a-z]:\/(?:windows\/temp|temp|\$recycle\.bin)(?:\/|$)/i],
      ['temp', /^[a-z]:\/users\/[^/]+\/(?:appdata\/local\/temp|downloads)(?:\/|$)/i],
      ['core', /^[a-z]:\/(?:windows|program files(?: \(x86\))?)(?:\/|$)/i],
      ['core', /^[a-z]:\/?$/i],
    ],
    macos: [
      ['temp', /^\/(?:private\/)?(?:tmp|var\/tmp|var\/folders)(?:\/|$)/i],
      ['temp', /^\/users\/[^/]+\/(?:downloads|library\/caches|\.trash)(?:\/|$)/i],
      ['other', /^\/usr\/local(?:\/|$)/i],
      ['core', /^\/(?:system|bin|sbin|usr|library|applications|private\/etc|etc)(?:\/|$)/i],
      ['core', /^\/$/],
    ],
  };

/** Null: nothing is known of devices with this system. */
export function familyOf(osPlatform: string): keyof typeof FOLDERS | null {
  if (/^windows/i.test(osPlatform)) return 'windows';
  if (/^mac/i.test(osPlatform)) return 'macos';
  return /linux|ubuntu|debian|rhel|centos|fedora|suse/i.test(osPlatform) ? 'linux' : null;
}

/** A folder that is not told plainly counts as one of the system's: there one asks. */
export function folderClass(folder: string, osPlatform: string): FolderClass {
  const family = familyOf(osPlatform);
  const path = family === 'windows' ? folder.replaceAll('\\', '/') : folder;
  if (family === null || /(?:^|\/)\.\.?(?:\/|$)/.test(path)) return 'core';
  if (!path.startsWith('/') && !/^[a-z]:/i.test(path)) return 'core';
  return FOLDERS[family].find(([, pattern]) => pattern.test(path))?.[0] ?? 'other';
}

/** `folders`: all in which the file is known to lie, since it is put away in each. None is known: one asks, but under Full. */
export function remediatesAlone(
  level: RemediationLevel,
  verdict: Verdict,
  folders: readonly string[],
  osPlatform: string,
): boolean {
  if (verdict !== 'Malicious') return false;
  const all = (...classes: FolderClass[]) =>
    folders.length > 0 && folders.every((folder) => classes.includes(folderClass(folder, osPlatform)));
  switch (level) {
    case 'Full':
      return true;
    case 'SemiCoreFolders':
      return all('temp', 'other');
    case 'SemiNonTempFolders':
      return all('temp');
    case 'SemiAllFolders':
    case 'None':
      return false;
    default:
      throw new Error(`unknown level ${JSON.stringify(level satisfies never)}`);
  }
}
