/** A hunting query for where else a piece of evidence was seen; null where there is nothing to look for. Pure. */
import type { AlertEvidence } from '@merlon/contract';
import { kqlText } from '../hunting/kql-text.ts';

export function huntFor(evidence: AlertEvidence): string | null {
  switch (evidence.entityType) {
    case 'Process':
    case 'File': {
      const { sha256, sha1, fileName } = evidence;
      const [column, value] = sha256 ? ['SHA256', sha256] : sha1 ? ['SHA1', sha1] : ['FileName', fileName];
      return value
        ? query('union DeviceProcessEvents, DeviceFileEvents', `${column} == ${kqlText(value)}`, [
            'ActionType',
            'FileName',
            'FolderPath',
            'ProcessCommandLine',
            'InitiatingProcessFileName',
          ])
        : null;
    }
    case 'Ip':
      return evidence.ipAddress
        ? query('DeviceNetworkEvents', `RemoteIP == ${kqlText(evidence.ipAddress)}`, networkColumns)
        : null;
    case 'Url':
      return evidence.url
        ? query('DeviceNetworkEvents', `RemoteUrl contains ${kqlText(evidence.url)}`, networkColumns)
        : null;
    case 'User':
      return evidence.accountName
        ? query('DeviceLogonEvents', `AccountName =~ ${kqlText(evidence.accountName)}`, [
            'ActionType',
            'AccountDomain',
            'AccountName',
            'LogonType',
            'RemoteIP',
          ])
        : null;
    case 'Registry':
      return evidence.registryKey
        ? query('DeviceRegistryEvents', `RegistryKey endswith ${kqlText(evidence.registryKey)}`, [
            'ActionType',
            'RegistryKey',
            'RegistryValueName',
            'RegistryValueData',
            'InitiatingProcessFileName',
          ])
        : null;
  }
}

const networkColumns = [
  'ActionType',
  'RemoteIP',
  'RemotePort',
  'RemoteUrl',
  'InitiatingProcessFileName',
  'InitiatingProcessCommandLine',
];

function query(source: string, where: string, columns: readonly string[]): string {
  return [
    source,
    '| where Timestamp > ago(30d)',
    `| where ${where}`,
    `| project Timestamp, DeviceName, DeviceId, ${columns.join(', ')}`,
    '| sort by Timestamp desc',
    '| take 200',
  ].join('\n');
}
