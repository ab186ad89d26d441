import { describe, expect, it } from 'vitest';
import { familyOf, folderClass, remediatesAlone } from './remediation-level.ts';

describe('folders', () => {
  it.each([
    ['/tmp', 'Linux', 'temp'],
    ['/tmp/a/b', 'Linux', 'temp'],
    ['/tmpfiles', 'Linux', 'other'],
    ['/dev/shm/x', 'Ubuntu', 'temp'],
    ['/run/user/1000/x', 'Linux', 'temp'],
    ['/home/ann/Downloads', 'Linux', 'temp'],
    ['/home/ann/downloads', 'Linux', 'other'],
    ['/home/ann', 'Linux', 'other'],
    ['/usr/bin', 'Linux', 'core'],
    ['/usr/local/bin', 'Linux', 'other'],
    ['/lib64', 'Linux', 'core'],
    ['/opt/tool', 'Linux', 'core'],
    ['/', 'Linux', 'core'],
    ['/tmp/../usr/bin', 'Linux', 'core'],
    ['relative', 'Linux', 'core'],
    ['C:\\Windows\\System32', 'Windows10', 'core'],
    ['C:\\Windows\\Temp\\x', 'Windows10', 'temp'],
    ['c:\\users\\ann\\appdata\\local\\temp', 'Windows11', 'temp'],
    ['C:\\Users\\ann\\Documents', 'WindowsServer2022', 'other'],
    ['C:\\Program Files (x86)\\x', 'Windows10', 'core'],
    ['D:\\', 'Windows10', 'core'],
    ['/private/var/folders/zz', 'macOS', 'temp'],
    ['/Users/ann/Downloads', 'macOS', 'temp'],
    ['/Applications/X.app', 'macOS', 'core'],
    ['/Users/ann', 'macOS', 'other'],
    ['/tmp', 'Plan9', 'core'],
  ])('%s on %s: %s', (folder, system, expected) => {
    expect(folderClass(folder, system)).toBe(expected);
  });

  it('knows the systems devices name', () => {
    expect(['Windows10', 'macOS', 'Linux', 'Debian', 'RHEL', 'iOS'].map(familyOf)).toEqual([
      'windows',
      'macos',
      'linux',
      'linux',
      'linux',
      null,
    ]);
  });
});

describe('a malicious file is put away unasked', () => {
  it.each([
    ['Full', ['/usr/bin'], true],
    ['Full', [], true],
    ['SemiCoreFolders', ['/tmp'], true],
    ['SemiCoreFolders', ['/srv'], true],
    ['SemiCoreFolders', ['/usr/bin'], false],
    ['SemiCoreFolders', ['/tmp', '/usr/bin'], false],
    ['SemiCoreFolders', [], false],
    ['SemiNonTempFolders', ['/tmp'], true],
    ['SemiNonTempFolders', ['/srv'], false],
    ['SemiAllFolders', ['/tmp'], false],
    ['None', ['/tmp'], false],
  ] as const)('%s, %o: %s', (level, folders, expected) => {
    expect(remediatesAlone(level, 'Malicious', folders, 'Linux')).toBe(expected);
    expect(remediatesAlone(level, 'Suspicious', folders, 'Linux')).toBe(false);
  });
});
