import type { Connection } from '../../packages/event-store/src/connection.ts';

export const tenant = '0d0e9f8a-1111-4222-8333-444455556666';
export const devices = 1_000;
export const days = 30;

/** Share of the events that each table gets. */
const shares = {
  DeviceProcessEvents: 0.5,
  DeviceNetworkEvents: 0.3,
  DeviceFileEvents: 0.14,
  DeviceEvents: 0.05,
  DeviceInfo: 0.01,
} as const;

type Table = keyof typeof shares;

const deviceId = `lower(hex(SHA1(concat('device', toString(cityHash64(number, 1) % ${devices})))))`;
const tool = `concat('tool', toString(cityHash64(number, 2) % 300), '.exe')`;
const wellKnown = `['svchost.exe', 'chrome.exe', 'powershell.exe', 'cmd.exe', 'rundll32.exe', 'bash', 'python3', 'msedge.exe']`;
const fileName = `if(cityHash64(number, 3) % 3 = 0, ${wellKnown}[cityHash64(number, 4) % 8 + 1], ${tool})`;
const folder = `['C:\\\\Windows\\\\System32', 'C:\\\\Program Files\\\\Tools', 'C:\\\\Users\\\\Public', '/usr/bin'][cityHash64(number, 5) % 4 + 1]`;
/** Rare words among common ones: one line in 100,000, 5,000 and 500. */
const argument = `multiIf(
  cityHash64(number, 6) % 100000 = 0, 'sekurlsa mimikatz logonpasswords',
  cityHash64(number, 6) % 5000 = 0, 'whoami /all',
  cityHash64(number, 6) % 500 = 0, '-nop -w hidden -enc SQBFAFgAIAAoAG4A',
  concat('--job ', toString(cityHash64(number, 7) % 100000), ' --verbose'))`;
const commandLine = `concat(${folder}, '\\\\', ${fileName}, ' ', ${argument}, ' --in /data/', hex(cityHash64(number, 8)))`;
const account = `concat('user', toString(cityHash64(number, 9) % 500))`;

/** Columns that all tables share, of events within the 24 hours that ended so many days ago. */
function common(now: Date, day: number): Record<string, string> {
  const end = `toDateTime64('${now.toISOString().replace('T', ' ').replace('Z', '')}', 7, 'UTC')`;
  return {
    TenantId: `toUUID('${tenant}')`,
    IngestionTime: end,
    Timestamp: `${end} - toIntervalMillisecond(${day * 86_400_000} + cityHash64(number, 10) % 86_390_000 + 1000)`,
    DeviceId: deviceId,
    DeviceName: `concat('pc-', toString(cityHash64(number, 1) % ${devices}), '.contoso.example')`,
    ReportId: 'number',
  };
}

const own: Readonly<Record<Table, Record<string, string>>> = {
  DeviceProcessEvents: {
    ActionType: `'ProcessCreated'`,
    FileName: fileName,
    FolderPath: `concat(${folder}, '\\\\', ${fileName})`,
    SHA1: `lower(hex(SHA1(${fileName})))`,
    SHA256: `lower(hex(SHA256(${fileName})))`,
    FileSize: 'cityHash64(number, 11) % 5000000',
    ProcessId: 'cityHash64(number, 12) % 30000',
    ProcessCommandLine: commandLine,
    ProcessIntegrityLevel: `['Medium', 'High', 'System'][cityHash64(number, 13) % 3 + 1]`,
    AccountName: account,
    AccountDomain: `'contoso'`,
    InitiatingProcessFileName: `['explorer.exe', 'services.exe', 'winword.exe', 'bash'][cityHash64(number, 14) % 4 + 1]`,
    InitiatingProcessCommandLine: `concat('C:\\\\Windows\\\\explorer.exe /n ', toString(cityHash64(number, 15) % 5000))`,
    InitiatingProcessId: 'cityHash64(number, 16) % 30000',
  },
  DeviceNetworkEvents: {
    ActionType: `['ConnectionSuccess', 'ConnectionFailed', 'InboundConnectionAccepted'][cityHash64(number, 17) % 3 + 1]`,
    RemoteIP: `IPv4NumToString(toUInt32(cityHash64(number, 18) % 50000 + 3405803776))`,
    RemotePort: '[443, 80, 445, 3389, 22, 8080][cityHash64(number, 19) % 6 + 1]',
    RemoteUrl: `if(number % 3 = 0, '', concat('https://host', toString(cityHash64(number, 20) % 2000), '.example.net/path/', toString(number % 97)))`,
    LocalPort: 'cityHash64(number, 21) % 60000',
    Protocol: `'Tcp'`,
    InitiatingProcessFileName: fileName,
    InitiatingProcessId: 'cityHash64(number, 22) % 30000',
    InitiatingProcessAccountName: account,
  },
  DeviceFileEvents: {
    ActionType: `['FileCreated', 'FileModified', 'FileDeleted'][cityHash64(number, 23) % 3 + 1]`,
    FileName: fileName,
    FolderPath: `concat(${folder}, '\\\\', ${fileName})`,
    SHA1: `lower(hex(SHA1(${fileName})))`,
    FileSize: 'cityHash64(number, 24) % 5000000',
    InitiatingProcessFileName: fileName,
  },
  DeviceEvents: {
    ActionType: `['AmsiScriptContent', 'NamedPipeEvent', 'PowerShellCommand', 'UsbDriveMounted'][cityHash64(number, 25) % 4 + 1]`,
    AdditionalFields: `concat('{"Description":"d', toString(cityHash64(number, 26) % 500), '","ThreadId":', toString(cityHash64(number, 27) % 900), ',"Values":["a', toString(number % 7), '","b', toString(number % 5), '"],"Nested":{"Level":', toString(number % 4), '}}')`,
    FileName: fileName,
  },
  DeviceInfo: {
    OSPlatform: `['Windows11', 'Windows10', 'Linux', 'macOS'][cityHash64(number, 1) % 4 + 1]`,
    OSVersion: `concat('10.0.', toString(cityHash64(number, 28) % 50))`,
    PublicIP: `IPv4NumToString(toUInt32(cityHash64(number, 29) % 1000 + 3405803776))`,
    LoggedOnUsers: `concat('[{"UserName":"', ${account}, '","DomainName":"contoso"},{"UserName":"SYSTEM"}]')`,
    OnboardingStatus: `'Onboarded'`,
  },
};

/** Fills the tables inside the engine, the same rows for the same number of events, in one part for each 24 hours and calendar day. */
export async function generate(connection: Connection, now: Date, events: number): Promise<void> {
  for (const table of Object.keys(shares) as Table[]) {
    const began = performance.now();
    const rows = Math.round((events * shares[table]) / days);
    for (let day = 0; day < days; day++) {
      const columns = { ...common(now, day), ...own[table] };
      await command(
        connection,
        `INSERT INTO merlon.${table} (${Object.keys(columns).join(', ')}) SELECT ${Object.values(columns).join(', ')}
         FROM (SELECT number + ${day * rows} AS number FROM numbers_mt(${rows}))
         SETTINGS min_insert_block_size_rows = ${rows}, min_insert_block_size_bytes = 0`,
      );
    }
    console.log(`  ${table}: ${rows * days} rows in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
}

/** As the writer, past the store's own client. */
export async function command({ origin, writer, headers }: Connection, sql: string): Promise<string> {
  const answer = await fetch(origin, {
    method: 'POST',
    body: sql,
    headers: { ...headers, authorization: `Basic ${btoa(`${writer.name}:${writer.password}`)}` },
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text.slice(0, 500));
  return text;
}
