/** What this device says of itself when it enrols and at every connection. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, hostname, release } from 'node:os';
import type { DeviceDescription } from '@merlon/contract';
import { AGENT_VERSION } from '../version.ts';

const FINGERPRINT_SALT = 'merlon-device:';

/** `carriesOut`: kinds of order it can carry out; none while it enrols, since that is about identity. */
export function describeDevice(
  carriesOut: readonly string[] | null = null,
  read: (path: string) => string | null = readOrNull,
): DeviceDescription {
  const os = parseOsRelease(read('/etc/os-release') ?? '');
  const machineId = read('/etc/machine-id')?.trim();
  return {
    computerName: qualifiedName(hostname(), read('/etc/hosts') ?? '').slice(0, 255) || 'localhost',
    osPlatform: 'Linux',
    ...(os.NAME ? { osDistribution: os.NAME.slice(0, 64) } : {}),
    osVersion: (os.VERSION_ID ?? release()).slice(0, 64),
    osArchitecture: arch().includes('64') || arch() === 's390x' ? '64-bit' : '32-bit',
    osProcessor: arch(),
    agentVersion: AGENT_VERSION,
    ...(carriesOut ? { carriesOut: [...carriesOut] } : {}),
    ...(machineId
      ? {
          hardwareFingerprint: createHash('sha256')
            .update(FINGERPRINT_SALT + machineId)
            .digest('hex'),
        }
      : {}),
  };
}

/** The qualified form that the hosts file gives for a bare name, as `hostname --fqdn` would without asking the network. */
export function qualifiedName(name: string, hosts: string): string {
  if (name.includes('.')) return name;
  for (const line of hosts.split('\n')) {
    const [, ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    const qualified = names.includes(name) ? names.find((n) => n.startsWith(`${name}.`)) : undefined;
    if (qualified) return qualified;
  }
  return name;
}

/** `KEY="value"` lines of os-release(5). */
export function parseOsRelease(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (match?.[1] && match[2] !== undefined) values[match[1]] = match[2].replace(/^(["'])(.*)\1$/, '$2');
  }
  return values;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
