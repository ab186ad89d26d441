/** Queries to begin with. */
export interface ExampleQuery {
  readonly title: string;
  readonly query: string;
}

export const exampleQueries: readonly ExampleQuery[] = [
  {
    title: 'Which devices report, and how much',
    query: `DeviceProcessEvents
| where Timestamp > ago(1d)
| summarize Processes = count(), Programs = dcount(FileName), Last = max(Timestamp) by DeviceName
| sort by Processes desc`,
  },
  {
    title: 'Downloads followed by a connection of what was downloaded',
    query: `// A file that a download tool wrote and that then spoke to the network itself
let written = DeviceFileEvents
| where Timestamp > ago(7d) and ActionType == "FileCreated"
| where InitiatingProcessFileName in~ ("curl", "wget", "powershell.exe", "certutil.exe")
| project DeviceId, Dropped = FileName, WrittenAt = Timestamp, WrittenBy = InitiatingProcessCommandLine;
DeviceNetworkEvents
| where Timestamp > ago(7d) and ActionType == "ConnectionSuccess"
| join kind=inner written on DeviceId
| where InitiatingProcessFileName =~ Dropped and Timestamp > WrittenAt
| project Timestamp, DeviceName, Dropped, WrittenBy, RemoteIP, RemotePort
| sort by Timestamp desc`,
  },
  {
    title: 'Programs seen on one device only',
    query: `DeviceProcessEvents
| where Timestamp > ago(7d) and isnotempty(SHA256)
| summarize Devices = dcount(DeviceId), Starts = count(), Example = any(ProcessCommandLine), Device = any(DeviceName) by SHA256, FileName
| where Devices == 1 and Starts < 5
| sort by Starts asc
| take 100`,
  },
  {
    title: 'Failed logons, then a success from the same address',
    query: `DeviceLogonEvents
| where Timestamp > ago(7d) and isnotempty(RemoteIP)
| summarize Failed = countif(ActionType == "LogonFailed"), Succeeded = countif(ActionType == "LogonSuccess"), Accounts = make_set(AccountName) by RemoteIP, DeviceName
| where Failed >= 5 and Succeeded > 0
| sort by Failed desc`,
  },
  {
    title: 'Shells started by programs that serve the network',
    query: `DeviceProcessEvents
| where Timestamp > ago(7d)
| where FileName in~ ("sh", "bash", "dash", "zsh", "cmd.exe", "powershell.exe")
| where InitiatingProcessFileName has_any ("nginx", "apache2", "httpd", "php", "java", "node", "w3wp", "sqlservr", "postgres")
| project Timestamp, DeviceName, InitiatingProcessFileName, ProcessCommandLine, AccountName
| sort by Timestamp desc`,
  },
  {
    title: 'Alerts by technique',
    query: `AlertInfo
| where Timestamp > ago(30d)
| mv-expand Technique = parse_json(AttackTechniques) to typeof(string)
| summarize Alerts = dcount(AlertId), Titles = make_set(Title) by Technique
| sort by Alerts desc`,
  },
];
