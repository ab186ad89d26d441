/** A tenant of some size, written straight into the stores: what a fleet of that size leaves there after months. */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Connection } from '../../packages/event-store/src/connection.ts';
import { command } from '../hunting/dataset.ts';

export interface Size {
  readonly devices: number;
  readonly alerts: number;
  readonly users: number;
  readonly files: number;
}

const ALERTS_OF_AN_INCIDENT = 5;
const GROUPS = 20;

/** The id of the device, or the hash of the file, of this number: half of a SHA-256, which both stores can make. */
export function idOf(what: 'device' | 'file', n: number): string {
  return createHash('sha256').update(`${what} ${n}`).digest('hex').slice(0, 40);
}
const idInState = (what: 'device' | 'file', n: string) =>
  `left(encode(sha256(('${what} ' || ${n})::bytea), 'hex'), 40)`;
const idInEvents = (what: 'device' | 'file', n: string) =>
  `lower(hex(substring(SHA256(concat('${what} ', toString(${n}))), 1, 20)))`;

/** As the service writes them: ticks, then a number. */
export function alertIdOf(n: number): string {
  return `da638${String(n).padStart(15, '0')}_${n}`;
}
const alertId = (n: string) => `'da638' || lpad((${n})::text, 15, '0') || '_' || (${n})`;

/** @param db past everything that guards rows */
export async function fillStateStore(db: pg.Client, tenantId: string, size: Size): Promise<void> {
  const run = (text: string) => db.query(text.replaceAll('{tenant}', tenantId));
  await run('set synchronous_commit = off');
  await run(`insert into device_groups (tenant_id, id, name, description, rank, remediation_level, conditions)
    select '{tenant}', n, 'Site ' || n, '', n, 'Full', '[]' from generate_series(1, ${GROUPS}) n
    on conflict do nothing`);
  await run(`insert into devices (tenant_id, id, public_key_x, state, onboarded_at, first_seen, last_seen, computer_name, os_platform,
      os_distribution, os_version, os_build, os_architecture, os_processor, agent_version, hardware_fingerprint, last_ip, last_external_ip,
      ip_addresses, device_tag, manual_tags, device_value, risk_score, exposure_level, rbac_group_id, scope_pending)
    select '{tenant}', ${idInState('device', 'n')}, 'key ' || n, 'Onboarded', now() - interval '200 days', now() - interval '200 days',
      now() - (n::bigint * 7919 % 1209600) * interval '1 second', 'pc-' || n || '.site' || n % ${GROUPS} || '.example',
      (array['Windows10', 'Windows11', 'Linux', 'macOS'])[1 + n % 4], null, '10.0', 19045, '64-bit', 'x64', '1.4.2',
      encode(sha256(('hardware ' || n)::bytea), 'hex'), '10.' || n / 65536 || '.' || n / 256 % 256 || '.' || n % 256,
      '203.0.113.' || n % 256, jsonb_build_array(jsonb_build_object('ipAddress', '10.' || n / 65536 || '.' || n / 256 % 256 || '.' || n % 256,
        'macAddress', lpad(to_hex(n), 12, '0'), 'type', 'Ethernet', 'operationalStatus', 'Up')),
      'site ' || n % ${GROUPS}, case when n % 10 = 0 then array['server', 'rack ' || n % 40] else '{}' end,
      (array['Normal', 'Normal', 'Low', 'High'])[1 + n % 4], (array['None', 'Low', 'Medium', 'High'])[1 + n % 4],
      (array['Low', 'Medium', 'High'])[1 + n % 3], 1 + n % ${GROUPS}, false
    from generate_series(1, ${size.devices}) n`);
  await run(`insert into incidents (tenant_id, id, leads_to, status, tags, created_at, updated_at)
    select '{tenant}', n, n, 'Active', '{}', at, at from (
      select n, now() - (${Math.ceil(size.alerts / ALERTS_OF_AN_INCIDENT)} - n) * interval '13 seconds' as at
      from generate_series(1, ${Math.ceil(size.alerts / ALERTS_OF_AN_INCIDENT)}) n) as made`);
  await run(
    `insert into incident_counters (tenant_id, last) values ('{tenant}', ${size.alerts}) on conflict (tenant_id) do update set last = excluded.last`,
  );
  await run(`insert into alerts (tenant_id, id, dedup_key, detector_id, detection_source, title, description, recommended_action, category, severity,
      techniques, status, classification, determination, assigned_to, machine_id, machine_name, related_user, first_event_at, last_event_at,
      created_at, updated_at, resolved_at, incident)
    select '{tenant}', ${alertId('n')}, 'rule ' || n % 300 || ' ' || n, 'rule-' || n % 300, 'WindowsDefenderAtp',
      'Suspicious behaviour number ' || n % 300, 'A process did what few programs have a reason to do. ' || repeat('More is told of it here. ', 8),
      'Look at the process tree; isolate the device if it is not expected.',
      (array['Execution', 'Persistence', 'CredentialAccess', 'Discovery', 'LateralMovement', 'Malware'])[1 + n % 6],
      (array['Informational', 'Low', 'Low', 'Medium', 'Medium', 'High'])[1 + n % 6], array['T1059.001', 'T1547'],
      (array['Resolved', 'Resolved', 'Resolved', 'Resolved', 'InProgress', 'New'])[1 + n / 7 % 6], null, null,
      case when n % 3 = 0 then 'analyst' || n % 20 || '@example.org' end, ${idInState('device', 'device')}, 'pc-' || device || '.site' || device % ${GROUPS} || '.example',
      jsonb_build_object('userName', 'user' || n % ${size.users}, 'domainName', 'CORP'), at, at, at, at + interval '1 hour',
      case when n / 7 % 6 < 4 then at + interval '1 hour' end, 1 + (n - 1) / ${ALERTS_OF_AN_INCIDENT}
    from (select n, 1 + n::bigint * 7919 % ${size.devices} as device, now() - (${size.alerts} - n) * interval '2.6 seconds' as at
      from generate_series(1, ${size.alerts}) n) as made`);
  await run(`insert into alert_evidence (tenant_id, alert_id, ordinal, identity, entity)
    select '{tenant}', ${alertId('n')}, part, part::text, case part
      when 0 then jsonb_build_object('entityType', 'Process', 'evidenceCreationTime', '2026-11-01T10:00:00.0000000Z', 'sha1', ${idInState('file', `n % ${size.files}`)},
        'sha256', null, 'fileName', 'tool' || n % 1000 || '.exe', 'filePath', 'C:\\Users\\Public', 'processId', n % 30000,
        'processCommandLine', 'tool.exe --in ' || n, 'processCreationTime', '2026-11-01T10:00:00.0000000Z', 'parentProcessId', 4,
        'parentProcessCreationTime', null, 'parentProcessFileName', 'cmd.exe', 'parentProcessFilePath', null, 'ipAddress', null, 'url', null,
        'registryKey', null, 'registryHive', null, 'registryValueType', null, 'registryValue', null, 'registryValueName', null,
        'accountName', 'user' || n % ${size.users}, 'domainName', 'CORP', 'userSid', null, 'aadUserId', null, 'userPrincipalName', null, 'detectionStatus', 'Detected')
      else jsonb_build_object('entityType', 'User', 'evidenceCreationTime', '2026-11-01T10:00:00.0000000Z', 'sha1', null, 'sha256', null, 'fileName', null,
        'filePath', null, 'processId', null, 'processCommandLine', null, 'processCreationTime', null, 'parentProcessId', null, 'parentProcessCreationTime', null,
        'parentProcessFileName', null, 'parentProcessFilePath', null, 'ipAddress', null, 'url', null, 'registryKey', null, 'registryHive', null,
        'registryValueType', null, 'registryValue', null, 'registryValueName', null, 'accountName', 'user' || n % ${size.users}, 'domainName', 'CORP',
        'userSid', null, 'aadUserId', null, 'userPrincipalName', null, 'detectionStatus', null) end
    from generate_series(1, ${size.alerts}) n, generate_series(0, 1) part`);
  await run(`insert into alert_comments (tenant_id, alert_id, comment, created_by, created_at)
    select '{tenant}', ${alertId('n')}, 'Looked at it.', 'analyst@example.org', now() from generate_series(1, ${size.alerts}, 4) n`);
  // What the database's own housekeeping does within minutes.
  for (const table of ['devices', 'device_groups', 'alerts', 'alert_evidence', 'alert_comments', 'incidents'])
    await run(`vacuum analyze ${table}`);
}

/** Each file on a few devices, each account on a few. */
export async function fillEventStore(connection: Connection, tenantId: string, size: Size): Promise<void> {
  const device = (seed: number) => idInEvents('device', `1 + cityHash64(number, ${seed}) % ${size.devices}`);
  const seen = `now64(7, 'UTC') - toIntervalSecond(3000000 + cityHash64(number, 3) % 3000000), now64(7, 'UTC') - toIntervalSecond(cityHash64(number, 4) % 2000000)`;
  await command(
    connection,
    `INSERT INTO merlon.FileSightings (TenantId, SHA1, DeviceId, FirstSeen, LastSeen, SHA256, MD5, Size, Names, Company, Product, IsPortableExecutable)
     SELECT toUUID('${tenantId}'), ${idInEvents('file', 'intDiv(number, 3)')}, ${device(1)}, ${seen}, lower(hex(SHA256(toString(intDiv(number, 3))))),
       lower(hex(MD5(toString(intDiv(number, 3))))), cityHash64(number) % 5000000, [concat('tool', toString(intDiv(number, 3) % 1000), '.exe')], 'Example Corp', 'Tools', 1
     FROM numbers(${size.files * 3})`,
  );
  await command(
    connection,
    `INSERT INTO merlon.FileSignatures (TenantId, SHA1, DeviceId, FirstSeen, LastSeen, Signature)
     SELECT toUUID('${tenantId}'), ${idInEvents('file', 'number')}, ${device(1)}, ${seen}, (now64(7, 'UTC'), 1, 1, 'Example Corp', 'abcdef', 'Example CA')
     FROM numbers(${size.files})`,
  );
  await command(
    connection,
    `INSERT INTO merlon.AccountSightings (TenantId, Account, Domain, DeviceId, FirstSeen, LastSeen, Name, DomainName, Sid, LogonTypes, Hours)
     SELECT toUUID('${tenantId}'), Name0, 'corp', Device, min(First), max(Last), any(Name0), 'CORP', 'S-1-5-21-1', ['Interactive', 'Network'],
       groupBitmapState(toUInt32(Hour)) FROM (
         SELECT concat('user', toString(intDiv(number, 30) % ${size.users})) AS Name0, ${device(1).replace('number', 'intDiv(number, 6)')} AS Device,
           (${seen}) AS Times, Times.1 AS First, Times.2 AS Last, 490000 + number % 30 AS Hour FROM numbers(${size.users * 30}))
     GROUP BY Name0, Device`,
  );
}
