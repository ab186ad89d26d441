/**
 * Public recordings of attacks, taken by the doors of collectors into a real store, and found there by queries written from the recordings' own descriptions.
 * Hunting sees thirty days, so all times of a recording are moved by as many whole days as bring its last one to yesterday.
 * `MERLON_SECURITY_DATASETS` names the unpacked `datasets` folder of OTRF/Security-Datasets; nothing of it is kept here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const folder = process.env.MERLON_SECURITY_DATASETS;
const LINES = 10_000;

interface Recording {
  /** Folder of it. */
  readonly name: string;
  readonly told: string;
  readonly query: string;
}

const RECORDINGS: readonly Recording[] = [
  {
    name: 'psh_mavinject_dll_notepad',
    told: 'mavinject injects a library into a running notepad',
    query: `DeviceEvents
      | where ActionType == 'CreateRemoteThreadApiCall' and InitiatingProcessFileName =~ 'mavinject.exe' and FileName =~ 'notepad.exe'`,
  },
  {
    name: 'cmd_mshta_javascript_getobject_sct',
    told: 'mshta runs javascript that fetches a scriptlet',
    query: `DeviceProcessEvents
      | where FileName =~ 'mshta.exe' and ProcessCommandLine has 'javascript' and ProcessCommandLine has 'GetObject'`,
  },
  {
    name: 'cmd_bitsadmin_download_psh_script',
    told: 'bitsadmin downloads a PowerShell script',
    query: `DeviceProcessEvents
      | where FileName =~ 'bitsadmin.exe' and ProcessCommandLine has '/transfer' and ProcessCommandLine has 'https'`,
  },
  {
    name: 'psh_lsass_memory_dump_comsvcs',
    told: 'rundll32 calls MiniDump of comsvcs.dll on lsass',
    query: `DeviceProcessEvents
      | where FileName =~ 'rundll32.exe' and ProcessCommandLine has 'comsvcs.dll' and ProcessCommandLine has 'MiniDump'`,
  },
  {
    name: 'empire_uac_shellapi_fodhelper',
    told: 'fodhelper is led by a registry key of the user to run a command elevated',
    query: `DeviceRegistryEvents
      | where RegistryKey has @'ms-settings\\shell\\open\\command'
      | where ActionType in ('RegistryValueSet', 'RegistryKeyCreated')`,
  },
  {
    name: 'empire_persistence_registry_modification_run_keys_elevated_user',
    told: 'a run key starts PowerShell at each logon',
    query: `DeviceRegistryEvents
      | where ActionType == 'RegistryValueSet' and RegistryKey has @'CurrentVersion\\Run' and RegistryValueData has 'powershell'`,
  },
  {
    name: 'schtask_create',
    told: 'a scheduled task is made on another machine',
    query: `DeviceEvents
      | where ActionType == 'ScheduledTaskCreated' | where isnotempty(tostring(AdditionalFields.TaskName))`,
  },
  {
    name: 'cmd_sam_copy_esentutl',
    told: 'esentutl copies the SAM hive out of a shadow copy',
    query: `DeviceProcessEvents
      | where FileName =~ 'esentutl.exe' and ProcessCommandLine has 'SAM' and ProcessCommandLine has '/vss'`,
  },
  {
    name: 'empire_wmic_add_user_backdoor',
    told: 'wmic runs net user on another machine, and a local account appears',
    query: `DeviceEvents
      | where ActionType == 'UserAccountCreated' and isnotempty(AccountName)
      | join kind=inner (DeviceProcessEvents | where ProcessCommandLine has_all ('net', 'user', '/add')) on DeviceId`,
  },
  {
    name: 'cmd_service_mod_fax',
    told: 'the binary path of the Fax service is changed to run PowerShell',
    query: `DeviceRegistryEvents
      | where RegistryKey has @'Services\\Fax' and RegistryValueName =~ 'ImagePath' and RegistryValueData has 'powershell'`,
  },
  {
    name: 'psh_cmstp_execution_bypassuac',
    told: 'cmstp installs a profile that runs a command',
    query: `DeviceProcessEvents
      | where FileName =~ 'cmstp.exe' or InitiatingProcessFileName =~ 'cmstp.exe'`,
  },
  {
    name: 'cmd_dumping_ntds_dit_file_ntdsutil',
    told: 'ntdsutil makes an installation medium with a copy of ntds.dit',
    query: `DeviceProcessEvents
      | where FileName =~ 'ntdsutil.exe' and ProcessCommandLine has 'ifm'`,
  },
];

describe.skipIf(!folder)('recordings of attacks (MERLON_SECURITY_DATASETS)', () => {
  let server: TestServer;
  let token: string;

  beforeAll(async () => {
    server = await startServer({ env: { MERLON_CHECK_RESPONSES: 'off' } });
    token = await server.token(await server.createApp('AdvancedQuery.Read.All'));
    const { secret } = await server.cli('collector', 'create', '--name', 'recordings');
    for (const { name } of RECORDINGS)
      for (const path of filesOf(folder ?? '', name)) {
        const lines = movedToNow(readFileSync(path, 'utf8').split('\n').filter(Boolean));
        for (let at = 0; at < lines.length; at += LINES) {
          const answer = await server.call('/collect/v1/events', {
            body: gzipSync(lines.slice(at, at + LINES).join('\n')),
            headers: { authorization: `Bearer ${secret}`, 'content-encoding': 'gzip' },
          });
          expect(answer.status, answer.text).toBe(200);
          expect(answer.json().accepted, path).toBeGreaterThan(0);
        }
      }
  }, 600_000);
  afterAll(() => server?.dispose());

  it.each(RECORDINGS)('$name: $told', async ({ query }) => {
    let rows: unknown[] = [];
    await eventually(
      query,
      async () => {
        const answer = await server.call('/api/advancedqueries/run', { token, json: { Query: query } });
        expect(answer.status, answer.text).toBe(200);
        rows = answer.json().Results;
        return rows.length > 0;
      },
      { withinMs: 20_000 },
    );
    process.stdout.write(`${rows.length} rows\n`);
  });
});

const TIMES = ['@timestamp', 'UtcTime', 'TimeCreated', 'EventTime', 'EventReceivedTime'] as const;
const DAY_MS = 86_400_000;

function movedToNow(lines: readonly string[]): string[] {
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const last = Math.max(
    ...records.flatMap((record) => TIMES.map((name) => Date.parse(String(record[name])) || 0)),
  );
  const days = Math.floor((Date.now() - last) / DAY_MS);
  return records.map((record) => {
    const moved = { ...record };
    for (const name of TIMES) {
      const said = record[name];
      const found = typeof said === 'string' ? /^(\d{4}-\d\d-\d\d)(.*)$/.exec(said) : null;
      if (!found) continue;
      const day = new Date(Date.parse(`${found[1]}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
      moved[name] = day + (found[2] ?? '');
    }
    return JSON.stringify(moved);
  });
}

/** Some recordings lie in two folders: the same events, which are kept once. */
function filesOf(root: string, name: string): string[] {
  const found = new Map(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => basename(join(path, '..')) === name && path.endsWith('.json'))
      .map((path) => [basename(path), join(root, path)]),
  );
  return [...found.values()];
}
