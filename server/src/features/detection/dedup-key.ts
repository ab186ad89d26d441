/**
 * Findings that belong together: the same rule, on the same device, out of the same root process. The key is made of the row alone, never of
 * what is remembered, so that an event read again after a crash has the same key.
 */
import { createHash } from 'node:crypto';
import { numberOf, type Row, textOf } from './row-processes.ts';

/** Programs that start everything on a system: what they start has no more than that in common. */
const STARTERS = new Set([
  'systemd',
  'init',
  'launchd',
  'sshd',
  'sshd-session',
  'cron',
  'crond',
  'atd',
  'login',
  'containerd-shim',
  'containerd-shim-runc-v2',
  'dockerd',
  'services.exe',
  'svchost.exe',
  'explorer.exe',
  'wininit.exe',
  'winlogon.exe',
  'userinit.exe',
  'taskeng.exe',
]);

/** 40 hex digits. */
export function dedupKey(ruleId: string, deviceId: string, table: string, row: Row): string {
  const root = rootOf(table, row);
  return createHash('sha256')
    .update(JSON.stringify([ruleId, deviceId, ...root]))
    .digest('hex')
    .slice(0, 40);
}

/**
 * The grandparent of a process started, or the parent of one that acts, since a script starts a new shell for each of its lines; the nearer
 * one where that is a starter. Where no process is known, the file, key, user or address.
 */
function rootOf(table: string, row: Row): readonly unknown[] {
  const parent = reference(row, 'InitiatingProcessParentId', 'InitiatingProcessParentCreationTime');
  if (parent && !isStarter(row, 'InitiatingProcessParentFileName')) return ['process', ...parent];
  const nearest = reference(row, 'InitiatingProcessId', 'InitiatingProcessCreationTime');
  if (nearest) {
    if (!isStarter(row, 'InitiatingProcessFileName')) return ['process', ...nearest];
    // Started by the system itself: the same program again is the same matter.
    return ['process', ...nearest, table === 'DeviceProcessEvents' ? textOf(row, 'FolderPath') : null];
  }
  const file = textOf(row, 'FolderPath') ?? textOf(row, 'FileName');
  if (file !== null) return ['file', file];
  const key = textOf(row, 'RegistryKey');
  if (key !== null) return ['registry', key, textOf(row, 'RegistryValueName')];
  const account = textOf(row, 'AccountName') ?? textOf(row, 'InitiatingProcessAccountName');
  if (account !== null) return ['user', account, textOf(row, 'RemoteIP')];
  return ['event', table, textOf(row, 'ActionType'), textOf(row, 'RemoteIP'), textOf(row, 'RemoteUrl')];
}

function reference(row: Row, id: string, time: string): readonly [number, string] | null {
  const processId = numberOf(row, id);
  const creationTime = textOf(row, time);
  return processId === null || creationTime === null ? null : [processId, creationTime];
}

function isStarter(row: Row, column: string): boolean {
  const name = textOf(row, column)?.toLowerCase();
  return name === undefined || STARTERS.has(name);
}
