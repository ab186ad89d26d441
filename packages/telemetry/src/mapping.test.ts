import { huntingTable, validateRow } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MappedRow, sourceMappings, TelemetryMapper } from './index.ts';

const NOW = Date.UTC(2026, 10, 25, 12);
const mapper = () => new TelemetryMapper({ now: () => NOW });
const RUNS = Number(process.env.MERLON_FUZZ_RUNS ?? 300);

function mapped(...records: unknown[]): { rows: MappedRow[]; fates: string[] } {
  const one = mapper();
  const rows: MappedRow[] = [];
  const fates = records.map((record) => {
    const { source, eventId, fate, reason } =
      typeof record === 'string' ? one.mapText(record, rows, { host: 'h1' }) : one.mapJson(record, rows);
    return [source, eventId, fate, reason].filter(Boolean).join(' ');
  });
  fates.push(...one.finish(rows).map(({ source, eventId, fate }) => `${source} ${eventId} ${fate}`));
  return { rows, fates };
}

/** What the validator has against a row. */
function problems(rows: readonly MappedRow[]): string[] {
  return rows.flatMap(({ table: name, row }) => {
    const table = huntingTable(name);
    const problem = table ? validateRow(table, { ...row, ReportId: 1 }, new Date(NOW)) : `no table ${name}`;
    return problem === null ? [] : [problem];
  });
}

const GUID = '{a158f72c-623c-5de8-0000-0010a1b20000}';
const PARENT = '{a158f72c-6200-5de8-0000-001099990000}';
const sysmonData = <T extends object>(more: T) => ({
  UtcTime: '2026-11-25 11:00:00.123',
  ProcessGuid: GUID,
  ProcessId: '4242',
  Image: 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
  User: 'SHIRE\\PGustavo',
  ...more,
});
const winlogbeat = (event_id: number | string, event_data: object, more: object = {}) => ({
  '@timestamp': '2026-11-25T11:00:01.000Z',
  host: { name: 'collector' },
  winlog: {
    channel: 'Microsoft-Windows-Sysmon/Operational',
    provider_name: 'Microsoft-Windows-Sysmon',
    event_id,
    computer_name: 'WS5.shire.com',
    record_id: 77,
    event_data,
    ...more,
  },
});
const start = sysmonData({
  CommandLine: 'powershell -enc SQBFAFgA',
  Hashes: `SHA1=${'A'.repeat(40)},MD5=${'B'.repeat(32)},SHA256=${'C'.repeat(64)},IMPHASH=${'D'.repeat(32)}`,
  IntegrityLevel: 'High',
  LogonId: '0x3e7',
  TerminalSessionId: '1',
  ParentProcessGuid: PARENT,
  ParentProcessId: '900',
  ParentImage: 'C:\\Windows\\explorer.exe',
  ParentCommandLine: 'explorer',
});

describe('mapping tables', () => {
  it('fill only columns that their tables have, and leave each event out or give it a table once', () => {
    for (const { name, events } of sourceMappings) {
      const ids = events.map(({ id }) => id);
      expect(new Set(ids).size, name).toBe(ids.length);
      for (const event of events) {
        if (event.table === null) {
          expect(event.why).not.toBe('');
          continue;
        }
        const columns = new Set(huntingTable(event.table)?.columns.map((column) => column.name));
        for (const rule of event.rules)
          for (const to of rule.to)
            expect(columns.has(to), `${name} ${event.id}: ${event.table}.${to}`).toBe(true);
        if (event.additional.length > 0)
          expect(columns.has('AdditionalFields'), `${name} ${event.id} has no AdditionalFields`).toBe(true);
      }
    }
  });
});

describe('Sysmon', () => {
  it('tells a start with account, hashes, integrity and parent', () => {
    const { rows } = mapped(winlogbeat(1, start));
    expect(problems(rows)).toEqual([]);
    expect(rows[0]).toMatchObject({
      host: 'WS5.shire.com',
      table: 'DeviceProcessEvents',
      key: 'Microsoft-Windows-Sysmon/Operational 77 2026-11-25T11:00:00.123Z',
      row: {
        Timestamp: '2026-11-25T11:00:00.123Z',
        ActionType: 'ProcessCreated',
        FileName: 'powershell.exe',
        ProcessId: 4242,
        ProcessCommandLine: 'powershell -enc SQBFAFgA',
        SHA1: 'a'.repeat(40),
        SHA256: 'c'.repeat(64),
        AccountDomain: 'shire',
        AccountName: 'pgustavo',
        ProcessIntegrityLevel: 'High',
        LogonId: 999,
        InitiatingProcessId: 900,
        InitiatingProcessFileName: 'explorer.exe',
        InitiatingProcessFolderPath: 'c:\\windows\\explorer.exe',
        InitiatingProcessCreationTime: '2019-12-05T01:48:48.000Z',
        AdditionalFields: { IMPHASH: 'd'.repeat(32) },
      },
    });
  });

  it('fills later events of a process from its start', () => {
    const connect = sysmonData({
      Initiated: 'false',
      SourceIp: '203.0.113.9',
      SourcePort: '50000',
      DestinationIp: '10.0.0.5',
      DestinationPort: '445',
      Protocol: 'tcp',
    });
    const { rows } = mapped(winlogbeat(1, start), winlogbeat(3, connect));
    expect(problems(rows)).toEqual([]);
    expect(rows[1]?.row).toMatchObject({
      ActionType: 'InboundConnectionAccepted',
      LocalIP: '10.0.0.5',
      LocalPort: 445,
      RemoteIP: '203.0.113.9',
      Protocol: 'Tcp',
      InitiatingProcessCommandLine: 'powershell -enc SQBFAFgA',
      InitiatingProcessSHA256: 'c'.repeat(64),
      InitiatingProcessParentFileName: 'explorer.exe',
      InitiatingProcessIntegrityLevel: 'High',
    });
  });

  it('reads registry values', () => {
    const target = { TargetObject: 'HKLM\\SOFTWARE\\Run\\evil' };
    const { rows } = mapped(
      winlogbeat(13, sysmonData({ ...target, EventType: 'SetValue', Details: 'DWORD (0x0000000a)' })),
      winlogbeat(12, sysmonData({ ...target, EventType: 'DeleteValue' })),
      winlogbeat(12, sysmonData({ ...target, EventType: 'CreateKey' })),
    );
    expect(problems(rows)).toEqual([]);
    expect(
      rows.map(({ row }) => [row.ActionType, row.RegistryKey, row.RegistryValueName, row.RegistryValueData]),
    ).toEqual([
      ['RegistryValueSet', 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Run', 'evil', '10'],
      ['RegistryValueDeleted', 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Run', 'evil', undefined],
      ['RegistryKeyCreated', 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Run\\evil', undefined, undefined],
    ]);
  });

  it('is the same event by every carrier', () => {
    const head = { EventID: 1, Channel: 'Microsoft-Windows-Sysmon/Operational' };
    const xml = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><TimeCreated SystemTime='2026-11-25T11:00:01.000Z'/><EventRecordID>77</EventRecordID><Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>WS5.shire.com</Computer></System><EventData>${Object.entries(
      start,
    )
      .map(([name, value]) => `<Data Name='${name}'>${value.replaceAll('&', '&amp;')}</Data>`)
      .join('')}</EventData></Event>`;
    const forms: unknown[] = [
      winlogbeat('1', start),
      {
        '@timestamp': '2026-11-25T11:00:01Z',
        log_name: head.Channel,
        source_name: 'Microsoft-Windows-Sysmon',
        computer_name: 'WS5.shire.com',
        record_number: '77',
        event_id: 1,
        event_data: start,
      },
      {
        ...head,
        ...start,
        EventTime: '2026-11-25 11:00:01',
        Hostname: 'WS5.shire.com',
        SourceName: 'Microsoft-Windows-Sysmon',
        RecordNumber: 77,
      },
      {
        Event: {
          System: {
            Provider: { '#attributes': { Name: 'Microsoft-Windows-Sysmon' } },
            EventID: 1,
            TimeCreated: { '#attributes': { SystemTime: '2026-11-25T11:00:01.000000Z' } },
            EventRecordID: 77,
            Channel: head.Channel,
            Computer: 'WS5.shire.com',
          },
          EventData: start,
        },
      },
      {
        channel: head.Channel,
        event_id: 1,
        provider_name: 'Microsoft-Windows-Sysmon',
        computer: 'WS5.shire.com',
        record_id: 77,
        timestamp: '2026-11-25T11:00:01Z',
        event_data: start,
      },
      xml,
      { message: xml },
      {
        ProviderName: 'Microsoft-Windows-Sysmon',
        EventID: 1,
        Channel: head.Channel,
        Computer: 'WS5.shire.com',
        TimeCreated: '2026-11-25 11:00:01 +0000',
        EventRecordID: 77,
        StringInserts: [
          '-',
          start.UtcTime,
          start.ProcessGuid,
          4242,
          start.Image,
          '-',
          '-',
          '-',
          '-',
          '-',
          start.CommandLine,
          '-',
          start.User,
          '-',
          start.LogonId,
          1,
          start.IntegrityLevel,
          start.Hashes,
          start.ParentProcessGuid,
          900,
          start.ParentImage,
          start.ParentCommandLine,
        ],
      },
    ];
    const wanted = mapped(forms[0]).rows[0];
    for (const form of forms) {
      const { rows, fates } = mapped(form);
      expect(fates[0]).toBe('sysmon 1 row');
      expect(rows[0]).toEqual(wanted);
    }
  });

  it('counts what it does not map, and why', () => {
    expect(
      mapped(
        winlogbeat(5, sysmonData({})),
        winlogbeat(4, {}),
        winlogbeat(99, {}),
        winlogbeat(11, sysmonData({ UtcTime: 'soon' }), { computer_name: '' }),
        {
          ...winlogbeat(11, {}),
          host: {},
          winlog: { ...winlogbeat(11, {}).winlog, computer_name: 'bad host!' },
        },
        'nothing',
        7,
      ).fates,
    ).toEqual([
      'sysmon 5 left ends what is remembered of the process',
      'sysmon 4 left tells of Sysmon itself',
      'sysmon 99 left no mapping for this event',
      'sysmon 11 row',
      'sysmon 11 malformed no host name',
      'unknown malformed no known form',
      'unknown malformed not a JSON object',
    ]);
  });
});

describe('the Windows security log', () => {
  const security = (event_id: number, event_data: object) =>
    winlogbeat(event_id, event_data, {
      channel: 'Security',
      provider_name: 'Microsoft-Windows-Security-Auditing',
    });

  it('tells logons with their kind, address and failure', () => {
    const logon = {
      TargetUserName: 'Ann',
      TargetDomainName: 'SHIRE',
      TargetUserSid: 'S-1-5-21-1-2-3-1104',
      TargetLogonId: '0xc61d9',
      LogonType: '10',
      IpAddress: '::ffff:198.51.100.7',
      IpPort: '0',
      ProcessId: '0x2d8',
      ProcessName: 'C:\\Windows\\System32\\svchost.exe',
    };
    const { rows } = mapped(
      security(4624, logon),
      security(4625, { ...logon, Status: '0xc000006d', SubStatus: '0xc000006a' }),
    );
    expect(problems(rows)).toEqual([]);
    expect(rows[0]?.row).toMatchObject({
      ActionType: 'LogonSuccess',
      LogonType: 'RemoteInteractive',
      LogonId: 811_481,
      RemoteIP: '198.51.100.7',
      AccountName: 'ann',
      AccountSid: 'S-1-5-21-1-2-3-1104',
      InitiatingProcessId: 728,
    });
    expect(rows[1]?.row).toMatchObject({
      ActionType: 'LogonFailed',
      FailureReason: 'InvalidUserNameOrPassword',
    });
  });

  it('makes one row of a start that Sysmon tells too, and knows a process id that is used again', () => {
    const created = (time: string, NewProcessId: string, NewProcessName: string) => ({
      ...security(4688, {
        NewProcessId,
        NewProcessName,
        ProcessId: '0x384',
        SubjectUserName: 'ann',
        SubjectDomainName: 'SHIRE',
      }),
      '@timestamp': time,
    });
    const accessed = (time: string) => ({
      ...security(4663, { ObjectName: 'C:\\secret', ProcessId: '0x10' }),
      '@timestamp': time,
    });
    const { rows, fates } = mapped(
      winlogbeat(1, start),
      created('2026-11-25T11:00:00.200Z', '0x1092', 'C:\\powershell.exe'),
      created('2026-11-25T11:01:00.000Z', '0x10', 'C:\\first.exe'),
      accessed('2026-11-25T11:01:30.000Z'),
      created('2026-11-25T11:02:00.000Z', '0x10', 'C:\\second.exe'),
      accessed('2026-11-25T11:02:30.000Z'),
      accessed('2026-11-25T10:00:00.000Z'),
    );
    expect(problems(rows)).toEqual([]);
    expect(fates[1]).toBe('windows-security 4688 left Sysmon told of this start');
    expect(
      rows.filter(({ table }) => table === 'DeviceEvents').map(({ row }) => row.InitiatingProcessFileName),
    ).toEqual(['first.exe', 'second.exe', undefined]);
  });
});

describe('auditd', () => {
  const lines = [
    'type=SYSCALL msg=audit(1795604400.500:9): arch=c000003e syscall=59 success=yes exit=0 a0=55 items=2 ppid=7 pid=8 auid=1000 uid=0 euid=0 ses=3 comm="nc" exe="/usr/bin/nc" key="exec"\x1dAUID="ann" EUID="root"',
    'type=EXECVE msg=audit(1795604400.500:9): argc=3 a0="nc" a1=2D6C20 a2="4444"',
    'type=CWD msg=audit(1795604400.500:9): cwd="/tmp"',
    'type=PATH msg=audit(1795604400.500:9): item=0 name="/usr/bin/nc" nametype=NORMAL',
    'type=PROCTITLE msg=audit(1795604400.500:9): proctitle=6E63',
  ];
  it('joins the lines of an event', () => {
    const { rows, fates } = mapped(...lines);
    expect(problems(rows)).toEqual([]);
    expect(fates.slice(3)).toEqual([
      'auditd PATH joined waits for the rest of its event',
      'auditd execve row',
    ]);
    expect(rows[0]).toMatchObject({
      host: 'h1',
      key: 'audit 1795604400.500:9 execve',
      row: {
        Timestamp: '2026-11-25T11:00:00.500Z',
        ActionType: 'ProcessCreated',
        FolderPath: '/usr/bin/nc',
        ProcessCommandLine: 'nc -l 4444',
        AccountName: 'root',
        InitiatingProcessAccountName: 'ann',
        ProcessId: 8,
        InitiatingProcessId: 7,
        LogonId: 3,
      },
    });
  });

  it('maps an event that came apart as far as it came', () => {
    expect(mapped(...lines.slice(0, 1)).fates).toEqual([
      'auditd SYSCALL joined waits for the rest of its event',
      'auditd execve row',
    ]);
    expect(mapped(...lines.slice(1, 2)).fates[1]).toBe('auditd EXECVE left');
  });

  it('reads addresses, files and sessions', () => {
    const call = (serial: number, syscall: number, rest: string, ...more: string[]) => [
      `type=SYSCALL msg=audit(1795604400.600:${serial}): arch=c000003e syscall=${syscall} ${rest} ppid=7 pid=8 auid=1000 uid=0 euid=0 ses=3 exe="/usr/bin/x" key=(null)`,
      ...more.map((one) => one.replace('MSG', `msg=audit(1795604400.600:${serial}):`)),
      `type=PROCTITLE msg=audit(1795604400.600:${serial}): proctitle=78`,
    ];
    const { rows, fates } = mapped(
      ...call(1, 42, 'success=no exit=-115', 'type=SOCKADDR MSG saddr=020001BBC0000207'),
      ...call(
        2,
        42,
        'success=yes exit=0',
        'type=SOCKADDR MSG saddr=0A0001BB0000000020010DB8000000000000000000000001',
      ),
      ...call(3, 42, 'success=yes exit=0', 'type=SOCKADDR MSG saddr=01002F746D702F7800'),
      ...call(
        4,
        82,
        'success=yes exit=0',
        'type=CWD MSG cwd="/tmp"',
        'type=PATH MSG name="a" nametype=DELETE',
        'type=PATH MSG name="b" nametype=CREATE',
      ),
      ...call(5, 257, 'success=yes exit=3 a2=241', 'type=PATH MSG name="/etc/x" nametype=CREATE'),
      ...call(6, 257, 'success=yes exit=3 a2=0', 'type=PATH MSG name="/etc/x" nametype=NORMAL'),
      `type=USER_START msg=audit(1795604400.700:70): pid=50 uid=0 auid=1000 ses=9 msg='op=PAM:session_open acct="ann" exe="/usr/sbin/sshd" hostname=198.51.100.7 addr=198.51.100.7 terminal=ssh res=success'`,
      `type=USER_AUTH msg=audit(1795604400.700:71): pid=50 uid=0 msg='op=PAM:authentication acct="root" exe="/usr/sbin/sshd" addr=198.51.100.7 terminal=ssh res=failed'`,
    );
    expect(problems(rows)).toEqual([]);
    expect(fates.filter((fate) => fate.includes('left'))).toEqual([
      'auditd connect left not a network address',
      'auditd open left a file read',
    ]);
    expect(
      rows.map(({ row }) => [
        row.ActionType,
        row.RemoteIP ?? row.FolderPath,
        row.RemotePort ?? row.PreviousFolderPath,
      ]),
    ).toEqual([
      ['ConnectionAttempt', '192.0.2.7', 443],
      ['ConnectionSuccess', '2001:db8::1', 443],
      ['FileRenamed', '/tmp/b', '/tmp/a'],
      ['FileCreated', '/etc/x', undefined],
      ['LogonSuccess', '198.51.100.7', undefined],
      ['LogonFailed', '198.51.100.7', undefined],
    ]);
    expect(rows[4]?.row).toMatchObject({
      LogonType: 'Network',
      AccountName: 'ann',
      LogonId: 9,
    });
  });

  it('reads Laurel', () => {
    const { rows } = mapped({
      ID: '1795604400.500:9',
      NODE: 'web-1',
      SYSCALL: {
        arch: '0xc000003e',
        syscall: 59,
        SYSCALL: 'execve',
        success: 'yes',
        exit: 0,
        ppid: 7,
        pid: 8,
        euid: 0,
        EUID: 'root',
        exe: '/usr/bin/nc',
      },
      EXECVE: { argc: 2, ARGV: ['nc', '-l'] },
      CWD: { cwd: '/tmp' },
      PATH: [{ item: 0, name: '/usr/bin/nc', nametype: 'NORMAL' }],
    });
    expect(problems(rows)).toEqual([]);
    expect(rows[0]).toMatchObject({
      host: 'web-1',
      row: { ProcessCommandLine: 'nc -l', AccountName: 'root', ProcessId: 8 },
    });
  });
});

describe('Falco, Tetragon, ECS and osquery', () => {
  it('make rows of what they tell', () => {
    const { rows, fates } = mapped(
      {
        hostname: 'node-1',
        rule: 'Terminal shell in container',
        priority: 'Notice',
        output: 'A shell was spawned',
        time: '2026-11-25T11:00:00.123456789Z',
        output_fields: {
          'evt.type': 'execve',
          'proc.name': 'sh',
          'proc.exepath': '/bin/sh',
          'proc.cmdline': 'sh -c id',
          'proc.pid': 5,
          'proc.ppid': 4,
          'proc.pname': 'runc',
          'user.name': 'root',
        },
      },
      {
        node_name: 'node-2',
        time: '2026-11-25T11:00:00.5Z',
        process_exec: {
          process: {
            exec_id: 'abc',
            pid: 11,
            uid: 0,
            cwd: '/',
            binary: '/usr/bin/curl',
            arguments: 'https://x',
            start_time: '2026-11-25T11:00:00.4Z',
          },
          parent: { pid: 10, binary: '/bin/bash', uid: 0 },
        },
      },
      {
        node_name: 'node-2',
        time: '2026-11-25T11:00:01Z',
        process_kprobe: {
          process: { pid: 11, binary: '/usr/bin/curl', uid: 0 },
          function_name: 'tcp_connect',
          args: [
            {
              sock_arg: {
                family: 'AF_INET',
                protocol: 'IPPROTO_TCP',
                saddr: '10.0.0.1',
                sport: 4000,
                daddr: '192.0.2.7',
                dport: 443,
              },
            },
          ],
        },
      },
      {
        '@timestamp': '2026-11-25T11:00:00Z',
        event: { category: ['process'], type: ['start'], action: 'exec' },
        host: { hostname: 'mac-1' },
        user: { name: 'Ann' },
        process: {
          pid: 3,
          executable: '/bin/zsh',
          command_line: 'zsh',
          parent: { pid: 2, executable: '/sbin/launchd' },
          hash: { sha256: 'e'.repeat(64) },
        },
      },
      {
        '@timestamp': '2026-11-25T11:00:00Z',
        event: { category: 'file', type: 'deletion' },
        host: { name: 'mac-1' },
        file: { path: '/tmp/x' },
        process: { pid: 3 },
      },
      {
        name: 'pack/merlon/process_events',
        hostIdentifier: 'lap-1',
        unixTime: 1_795_604_400,
        action: 'added',
        columns: { pid: '20', parent: '1', path: '/usr/bin/id', cmdline: 'id', uid: '0', time: '1795604399' },
      },
      {
        name: 'pack_merlon_file_events',
        hostIdentifier: 'lap-1',
        unixTime: '1795604400',
        action: 'added',
        columns: { target_path: '/etc/passwd', action: 'UPDATED', sha256: 'f'.repeat(64) },
      },
      { name: 'file_events', hostIdentifier: 'lap-1', unixTime: 1, action: 'removed', columns: {} },
      {
        name: 'windows_events',
        hostIdentifier: 'ws-1',
        unixTime: 1_795_604_400,
        action: 'added',
        columns: {
          source: 'Security',
          eventid: '1102',
          computer_name: 'ws-1',
          datetime: '2026-11-25T11:00:00.000Z',
          data: '{"UserData":{}}',
        },
      },
    );
    expect(problems(rows)).toEqual([]);
    expect(fates.filter((fate) => !fate.endsWith('row'))).toEqual([
      'osquery file_events left a row that went away',
    ]);
    expect(rows.map(({ host, table, row }) => [host, table, row.ActionType, row.FileName])).toEqual([
      ['node-1', 'DeviceProcessEvents', 'ProcessCreated', 'sh'],
      ['node-2', 'DeviceProcessEvents', 'ProcessCreated', 'curl'],
      ['node-2', 'DeviceNetworkEvents', 'ConnectionAttempt', undefined],
      ['mac-1', 'DeviceProcessEvents', 'ProcessCreated', 'zsh'],
      ['mac-1', 'DeviceFileEvents', 'FileDeleted', 'x'],
      ['lap-1', 'DeviceProcessEvents', 'ProcessCreated', 'id'],
      ['lap-1', 'DeviceFileEvents', 'FileModified', 'passwd'],
      ['ws-1', 'DeviceEvents', 'SecurityLogCleared', undefined],
    ]);
    expect(rows[2]?.row).toMatchObject({
      InitiatingProcessCommandLine: '/usr/bin/curl',
      RemoteIP: '192.0.2.7',
      Protocol: 'Tcp',
    });
  });
});

describe('whatever arrives', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      '-',
      '',
      '0x3e7',
      '4242',
      'C:\\a.exe',
      'true',
      '2026-11-25T11:00:00Z',
      '\ud800',
      'a\u0000b',
      '9'.repeat(30),
      GUID,
      'h1',
      'execve',
      '__proto__',
    ),
  );
  const names = [
    ...new Set(
      sourceMappings.flatMap(({ events }) =>
        events.flatMap((event) => (event.table === null ? [] : event.rules.flatMap(({ from }) => from))),
      ),
    ),
  ];
  const data = fc.dictionary(
    fc.constantFrom(...names, 'EventType', '__proto__'),
    fc.oneof(text, fc.integer(), fc.boolean(), fc.jsonValue({ maxDepth: 2 })),
    { maxKeys: 12 },
  );
  const ids = fc.constantFrom(...sourceMappings.flatMap(({ events }) => events.map(({ id }) => id)));
  const nested = (flat: Record<string, unknown>) => {
    const root: Record<string, Record<string, unknown>> = {};
    for (const name in flat) {
      const [head = '', ...rest] = name.split('.');
      if (rest.length > 0 && head !== '__proto__')
        root[head] = { ...root[head], [rest.join('.')]: flat[name] };
    }
    return root;
  };
  const record = fc.oneof(
    fc
      .tuple(
        ids,
        data,
        fc.constantFrom(
          'Security',
          'System',
          'Microsoft-Windows-Sysmon/Operational',
          'Microsoft-Windows-PowerShell/Operational',
        ),
      )
      .map(([id, event, channel]) => winlogbeat(id, event, { channel, provider_name: '' })),
    fc.tuple(ids, data).map(([EventID, event]) => ({ EventID, Channel: 'Security', ...event })),
    fc.tuple(data, text).map(([fields, type]) => ({
      rule: 'r',
      priority: 'p',
      hostname: 'h',
      time: '2026-11-25T11:00:00Z',
      output_fields: { ...fields, 'evt.type': type },
    })),
    fc
      .tuple(data, fc.constantFrom('process_exec', 'process_kprobe', 'process_loader'))
      .map(([fields, kind]) => ({ node_name: 'n', time: '2026-11-25T11:00:00Z', [kind]: nested(fields) })),
    fc
      .tuple(data, fc.constantFrom('process', 'network', 'file', 'registry', 'authentication'))
      .map(([fields, category]) => ({
        '@timestamp': '2026-11-25T11:00:00Z',
        ...nested(fields),
        event: { category: [category], type: ['start', 'change'] },
        host: { name: 'h' },
      })),
    fc
      .tuple(data, ids)
      .map(([columns, name]) => ({ name, hostIdentifier: 'h', unixTime: 1_795_604_400, columns })),
    fc.tuple(data).map(([fields]) => ({
      ID: '1795604400.500:9',
      NODE: 'n',
      SYSCALL: fields,
      EXECVE: { ARGV: Object.values(fields) },
      PATH: [fields],
    })),
    fc.jsonValue({ maxDepth: 4 }),
  );

  it('makes rows that pass, or says why not, and never throws', { timeout: 1_800_000 }, () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), (records) => {
        const one = mapper();
        const rows: MappedRow[] = [];
        for (const each of records) {
          const before = rows.length;
          const { fate, reason } = one.mapJson(each, rows);
          if (fate !== 'row') expect(reason).not.toBe('');
          if (rows.length > before) expect(fate).toBe('row');
        }
        // What no store keeps (U+0000, lone surrogates) is for the validator to refuse; types and columns must be right.
        expect(problems(rows).filter((problem) => !/without U\+0000|JSON nested/.test(problem))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it('never throws on lines and XML', { timeout: 1_800_000 }, () => {
    const xmlish = fc.array(
      fc.constantFrom(
        '<Event>',
        '</Event>',
        '<System>',
        '</System>',
        '<EventID>',
        '1',
        '</EventID>',
        '<Data Name="a">',
        '&lt;',
        '&#0;',
        '&#xd800;',
        '</Data>',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '<a b=',
        '"',
        ' ',
        '/>',
        '<?x',
        '?>',
        '<!DOCTYPE',
      ),
      { maxLength: 30 },
    );
    const auditish = fc.array(
      fc.constantFrom(
        'type=',
        'SYSCALL',
        'EXECVE',
        ' msg=',
        'audit(1.2:3): ',
        'a0=',
        '"',
        "'",
        '6E63',
        ' ',
        '=',
        'saddr=',
        '0200',
        'node=x ',
        '\x1d',
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          xmlish.map((a) => a.join('')),
          auditish.map((a) => a.join('')),
        ),
        (line) => {
          const one = mapper();
          const rows: MappedRow[] = [];
          one.mapText(line, rows, { host: 'h' });
          one.finish(rows);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
