import { createHash } from 'node:crypto';

/** A hunt, and the statement that somebody who knows the engine and the tables writes for the same answer. */
export interface Hunt {
  readonly name: string;
  readonly kql: string;
  /** `FROM` takes `{Table}`, which stands for the table within the tenant and the 30 days; times are `{now}` and `{day}` (one day before it). */
  readonly sql: string;
}

const deviceSeven = createHash('sha1').update('device7').digest('hex');

export const hunts: readonly Hunt[] = [
  {
    name: 'term',
    kql: 'DeviceProcessEvents | where ProcessCommandLine has "mimikatz" | summarize Count = count() by DeviceName',
    sql: `SELECT DeviceName, count() FROM {DeviceProcessEvents} AND hasToken(lower(ProcessCommandLine), 'mimikatz') GROUP BY DeviceName`,
  },
  {
    name: 'every term of several',
    kql: 'DeviceProcessEvents | where ProcessCommandLine has_all ("whoami", "all") | summarize Count = count() by FileName',
    sql: `SELECT FileName, count() FROM {DeviceProcessEvents} AND hasAllTokens(lower(ProcessCommandLine), ['whoami', 'all']) GROUP BY FileName`,
  },
  {
    name: 'any term of several',
    kql: 'DeviceProcessEvents | where ProcessCommandLine has_any ("mimikatz", "sekurlsa", "procdump", "lazagne", "whoami") | count',
    sql: `SELECT count() FROM {DeviceProcessEvents} AND hasAnyTokens(lower(ProcessCommandLine), ['mimikatz', 'sekurlsa', 'procdump', 'lazagne', 'whoami'])`,
  },
  {
    name: 'term with a separator',
    kql: 'DeviceProcessEvents | where ProcessCommandLine has "cmd.exe" | summarize Count = count() by DeviceName | sort by Count, DeviceName asc | take 10',
    sql: `SELECT DeviceName, count() AS n FROM {DeviceProcessEvents} AND hasAllTokens(lower(ProcessCommandLine), ['cmd', 'exe']) AND match(lower(ProcessCommandLine), '\\\\bcmd\\\\.exe\\\\b')
      GROUP BY DeviceName ORDER BY n DESC, DeviceName LIMIT 10`,
  },
  {
    name: 'substring',
    kql: 'DeviceProcessEvents | where ProcessCommandLine contains "sqbf" | summarize Count = count() by FileName',
    sql: `SELECT FileName, count() FROM {DeviceProcessEvents} AND positionCaseInsensitive(ProcessCommandLine, 'sqbf') > 0 GROUP BY FileName`,
  },
  {
    name: 'start and end of a path',
    kql: String.raw`DeviceFileEvents | where FolderPath startswith @"C:\Users\" and FolderPath endswith ".exe" | summarize Count = count() by ActionType`,
    sql: String.raw`SELECT ActionType, count() FROM {DeviceFileEvents} AND startsWith(lower(FolderPath), 'c:\\users\\') AND endsWith(lower(FolderPath), '.exe') GROUP BY ActionType`,
  },
  {
    name: 'a device and a day',
    kql: `DeviceProcessEvents | where DeviceId == "${deviceSeven}" and Timestamp > ago(1d) | project Timestamp, FileName, ProcessCommandLine | sort by Timestamp asc`,
    sql: `SELECT Timestamp, FileName, ProcessCommandLine FROM {DeviceProcessEvents} AND DeviceId = '${deviceSeven}' AND Timestamp > {day} ORDER BY Timestamp LIMIT 10000`,
  },
  {
    name: 'a day by action',
    kql: 'DeviceNetworkEvents | where Timestamp > ago(1d) | summarize Count = count() by ActionType',
    sql: 'SELECT ActionType, count() FROM {DeviceNetworkEvents} AND Timestamp > {day} GROUP BY ActionType',
  },
  {
    name: 'group by, top',
    kql: 'DeviceProcessEvents | summarize Count = count() by FileName | sort by Count, FileName asc | take 20',
    sql: 'SELECT FileName, count() AS n FROM {DeviceProcessEvents} GROUP BY FileName ORDER BY n DESC, FileName LIMIT 20',
  },
  {
    name: 'group by two, count if',
    kql: 'DeviceProcessEvents | summarize Total = count(), Raised = countif(ProcessIntegrityLevel == "System") by FileName, InitiatingProcessFileName',
    sql: `SELECT FileName, InitiatingProcessFileName, count(), countIf(ProcessIntegrityLevel = 'System') FROM {DeviceProcessEvents} GROUP BY FileName, InitiatingProcessFileName`,
  },
  {
    name: 'distinct counts',
    kql: 'DeviceProcessEvents | summarize Devices = dcount(DeviceId) by FileName | sort by Devices, FileName asc | take 20',
    sql: 'SELECT FileName, uniqCombined64(17)(DeviceId) AS n FROM {DeviceProcessEvents} GROUP BY FileName ORDER BY n DESC, FileName LIMIT 20',
  },
  {
    name: 'events an hour',
    kql: 'DeviceProcessEvents | summarize Count = count() by bin(Timestamp, 1h)',
    sql: `SELECT toDateTime64(toStartOfHour(Timestamp), 7, 'UTC') AS t, count() FROM {DeviceProcessEvents} GROUP BY t`,
  },
  {
    name: 'series of counts',
    kql: 'DeviceNetworkEvents | make-series Count = count() default = 0 on Timestamp from bin(ago(7d), 1d) to bin(now(), 1d) step 1d by ActionType | project ActionType, Count',
    sql: `SELECT ActionType, concat('[', arrayStringConcat(groupArray(toString(n)), ','), ']') FROM (
        SELECT ActionType, d, n FROM (
          SELECT ActionType, toDate(Timestamp) AS d, count() AS n FROM {DeviceNetworkEvents} AND Timestamp >= toStartOfDay({now} - INTERVAL 7 DAY) AND Timestamp < toStartOfDay({now}) GROUP BY ActionType, d)
        ORDER BY ActionType, d WITH FILL FROM toDate({now} - INTERVAL 7 DAY) TO toDate({now}))
      GROUP BY ActionType`,
  },
  {
    name: 'inner unique join',
    kql: 'DeviceInfo | where OSPlatform == "Linux" | join (DeviceNetworkEvents | where RemotePort == 3389 and Timestamp > ago(1d)) on DeviceId | summarize Count = count() by DeviceName',
    sql: `SELECT DeviceName, count() FROM (SELECT DeviceId, DeviceName FROM {DeviceInfo} AND OSPlatform = 'Linux' LIMIT 1 BY DeviceId) AS l
      INNER JOIN (SELECT DeviceId FROM {DeviceNetworkEvents} AND RemotePort = 3389 AND Timestamp > {day}) AS r ON l.DeviceId = r.DeviceId GROUP BY DeviceName`,
  },
  {
    name: 'inner join on two keys',
    kql: `DeviceProcessEvents | where Timestamp > ago(1d) and FileName =~ "powershell.exe" | join kind=inner (DeviceNetworkEvents | where Timestamp > ago(1d)) on DeviceId, $left.ProcessId == $right.InitiatingProcessId
      | summarize Count = count() by RemotePort`,
    sql: `SELECT RemotePort, count() FROM (SELECT DeviceId, ProcessId FROM {DeviceProcessEvents} AND Timestamp > {day} AND lower(FileName) = 'powershell.exe') AS l
      INNER JOIN (SELECT DeviceId, InitiatingProcessId, RemotePort FROM {DeviceNetworkEvents} AND Timestamp > {day}) AS r
      ON l.DeviceId = r.DeviceId AND l.ProcessId = r.InitiatingProcessId GROUP BY RemotePort`,
  },
  {
    name: 'left anti join',
    kql: 'DeviceInfo | distinct DeviceId | join kind=leftanti (DeviceProcessEvents | where ProcessCommandLine has "whoami") on DeviceId | count',
    sql: `SELECT count() FROM (SELECT DISTINCT DeviceId FROM {DeviceInfo}) AS l
      LEFT ANTI JOIN (SELECT DeviceId FROM {DeviceProcessEvents} AND hasToken(lower(ProcessCommandLine), 'whoami')) AS r ON l.DeviceId = r.DeviceId`,
  },
  {
    name: 'in a table',
    kql: 'let Rare = DeviceProcessEvents | where ProcessCommandLine has "mimikatz" | distinct DeviceId; DeviceNetworkEvents | where DeviceId in (Rare) and RemotePort == 445 | summarize Count = count() by DeviceName',
    sql: `SELECT DeviceName, count() FROM {DeviceNetworkEvents} AND DeviceId IN (SELECT DISTINCT DeviceId FROM {DeviceProcessEvents} AND hasToken(lower(ProcessCommandLine), 'mimikatz'))
      AND RemotePort = 445 GROUP BY DeviceName`,
  },
  {
    name: 'latest row of each device',
    kql: 'DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId | summarize Count = count() by OSPlatform, OSVersion',
    sql: `SELECT p.1, p.2, count() FROM (SELECT argMax(tuple(OSPlatform, OSVersion), Timestamp) AS p FROM {DeviceInfo} GROUP BY DeviceId) GROUP BY p.1, p.2`,
  },
  {
    name: 'latest process of each device',
    kql: 'DeviceProcessEvents | summarize arg_max(Timestamp, FileName, ProcessCommandLine) by DeviceId | project DeviceId, Timestamp, FileName, ProcessCommandLine',
    sql: `SELECT DeviceId, max(Timestamp), (argMax(tuple(FileName, ProcessCommandLine), Timestamp) AS p).1, p.2 FROM {DeviceProcessEvents} GROUP BY DeviceId`,
  },
  {
    name: 'values of an array',
    kql: 'DeviceEvents | mv-expand Value = AdditionalFields.Values to typeof(string) | summarize Count = count() by Value',
    sql: `SELECT v, count() FROM (SELECT arrayJoin(JSONExtract(AdditionalFields, 'Values', 'Array(String)')) AS v FROM {DeviceEvents}) GROUP BY v`,
  },
  {
    name: 'a field of a bag',
    kql: 'DeviceEvents | where AdditionalFields.Description == "d7" | summarize Count = count() by ActionType',
    sql: `SELECT ActionType, count() FROM {DeviceEvents} AND JSONExtractString(AdditionalFields, 'Description') = 'd7' GROUP BY ActionType`,
  },
  {
    name: 'regular expression',
    kql: 'DeviceProcessEvents | where Timestamp > ago(7d) | where ProcessCommandLine matches regex @"--job 9\\d{4} " | summarize Count = count() by FileName'.replaceAll(
      '\\\\',
      '\\',
    ),
    sql: String.raw`SELECT FileName, count() FROM {DeviceProcessEvents} AND Timestamp > {now} - INTERVAL 7 DAY AND match(ProcessCommandLine, '--job 9\\d{4} ') GROUP BY FileName`,
  },
  {
    name: 'one of a list',
    kql: 'DeviceProcessEvents | where FileName in~ ("cmd.exe", "powershell.exe", "rundll32.exe", "bash", "tool7.exe") | summarize Count = count() by AccountName | sort by Count, AccountName asc | take 20',
    sql: `SELECT AccountName, count() AS n FROM {DeviceProcessEvents} AND lower(FileName) IN ('cmd.exe', 'powershell.exe', 'rundll32.exe', 'bash', 'tool7.exe') GROUP BY AccountName ORDER BY n DESC, AccountName LIMIT 20`,
  },
  {
    name: 'newest hundred',
    kql: 'DeviceNetworkEvents | where RemotePort == 3389 | top 100 by Timestamp | project Timestamp, DeviceName, RemoteIP',
    sql: 'SELECT Timestamp, DeviceName, RemoteIP FROM {DeviceNetworkEvents} AND RemotePort = 3389 ORDER BY Timestamp DESC LIMIT 100',
  },
  {
    name: 'set of each device',
    kql: 'DeviceNetworkEvents | where Timestamp > ago(7d) | summarize Ports = array_length(make_set(RemotePort)), Hosts = array_length(make_set(RemoteIP)) by DeviceName',
    sql: 'SELECT DeviceName, length(groupUniqArray(1048576)(RemotePort)), length(groupUniqArray(1048576)(RemoteIP)) FROM {DeviceNetworkEvents} AND Timestamp > {now} - INTERVAL 7 DAY GROUP BY DeviceName',
  },
  {
    name: 'part of a text, most common',
    kql: 'DeviceNetworkEvents | where isnotempty(RemoteUrl) | extend Host = extract(@"//([^/]+)/", 1, RemoteUrl) | summarize Count = count() by Host | sort by Count, Host asc | take 20',
    sql: `SELECT extract(RemoteUrl, '//([^/]+)/') AS host, count() AS n FROM {DeviceNetworkEvents} AND RemoteUrl != '' GROUP BY host ORDER BY n DESC, host LIMIT 20`,
  },
];
