/** Names of an event's values where a carrier has sent them only in order. By source and event id; the newest form of the event, of which older ones are a beginning unless said otherwise. */
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const SYSMON: Readonly<Record<string, readonly string[]>> = {
  1: words(`RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId
    IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser`),
  2: words(
    'RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime PreviousCreationUtcTime User',
  ),
  3: words(`RuleName UtcTime ProcessGuid ProcessId Image User Protocol Initiated SourceIsIpv6 SourceIp SourceHostname SourcePort SourcePortName DestinationIsIpv6 DestinationIp
    DestinationHostname DestinationPort DestinationPortName`),
  5: words('RuleName UtcTime ProcessGuid ProcessId Image User'),
  6: words('RuleName UtcTime ImageLoaded Hashes Signed Signature SignatureStatus'),
  7: words(
    'RuleName UtcTime ProcessGuid ProcessId Image ImageLoaded FileVersion Description Product Company OriginalFileName Hashes Signed Signature SignatureStatus User',
  ),
  8: words(
    'RuleName UtcTime SourceProcessGuid SourceProcessId SourceImage TargetProcessGuid TargetProcessId TargetImage NewThreadId StartAddress StartModule StartFunction SourceUser TargetUser',
  ),
  9: words('RuleName UtcTime ProcessGuid ProcessId Image Device User'),
  10: words(
    'RuleName UtcTime SourceProcessGUID SourceProcessId SourceThreadId SourceImage TargetProcessGUID TargetProcessId TargetImage GrantedAccess CallTrace SourceUser TargetUser',
  ),
  11: words('RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime User'),
  12: words('RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject User'),
  13: words('RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject Details User'),
  14: words('RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject NewName User'),
  15: words('RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime Hash Contents User'),
  17: words('RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User'),
  18: words('RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User'),
  19: words('RuleName EventType UtcTime Operation User EventNamespace Name Query'),
  20: words('RuleName EventType UtcTime Operation User Name Type Destination'),
  21: words('RuleName EventType UtcTime Operation User Consumer Filter'),
  22: words('RuleName UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image User'),
  23: words('RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable Archived'),
  24: words('RuleName UtcTime ProcessGuid ProcessId Image Session ClientInfo Hashes Archived User'),
  25: words('RuleName UtcTime ProcessGuid ProcessId Image Type User'),
  26: words('RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable'),
  27: words('RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes'),
  28: words('RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable'),
  29: words('RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes'),
};

const SUBJECT = 'SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId';
const TARGET = 'TargetUserSid TargetUserName TargetDomainName TargetLogonId';
const ACCOUNT = `TargetUserName TargetDomainName TargetSid ${SUBJECT} PrivilegeList`;

const SECURITY: Readonly<Record<string, readonly string[]>> = {
  1102: words('SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId'),
  4624: words(`${SUBJECT} ${TARGET} LogonType LogonProcessName AuthenticationPackageName WorkstationName LogonGuid TransmittedServices LmPackageName KeyLength ProcessId ProcessName
    IpAddress IpPort ImpersonationLevel RestrictedAdminMode TargetOutboundUserName TargetOutboundDomainName VirtualAccount TargetLinkedLogonId ElevatedToken`),
  4625: words(`${SUBJECT} TargetUserSid TargetUserName TargetDomainName Status FailureReason SubStatus LogonType LogonProcessName AuthenticationPackageName WorkstationName TransmittedServices
    LmPackageName KeyLength ProcessId ProcessName IpAddress IpPort`),
  4648: words(
    `${SUBJECT} LogonGuid TargetUserName TargetDomainName TargetLogonGuid TargetServerName TargetInfo ProcessId ProcessName IpAddress IpPort`,
  ),
  4656: words(
    `${SUBJECT} ObjectServer ObjectType ObjectName HandleId TransactionId AccessList AccessReason AccessMask PrivilegeList RestrictedSidCount ProcessId ProcessName ResourceAttributes`,
  ),
  4657: words(
    `${SUBJECT} ObjectName ObjectValueName HandleId OperationType OldValueType OldValue NewValueType NewValue ProcessId ProcessName`,
  ),
  4663: words(
    `${SUBJECT} ObjectServer ObjectType ObjectName HandleId AccessList AccessMask ProcessId ProcessName ResourceAttributes`,
  ),
  4688: words(
    `${SUBJECT} NewProcessId NewProcessName TokenElevationType ProcessId CommandLine ${TARGET} ParentProcessName MandatoryLabel`,
  ),
  4689: words(`${SUBJECT} Status ProcessId ProcessName`),
  4697: words(`${SUBJECT} ServiceName ServiceFileName ServiceType ServiceStartType ServiceAccount`),
  4698: words(`${SUBJECT} TaskName TaskContent`),
  4699: words(`${SUBJECT} TaskName TaskContent`),
  4700: words(`${SUBJECT} TaskName TaskContent`),
  4701: words(`${SUBJECT} TaskName TaskContent`),
  4702: words(`${SUBJECT} TaskName TaskContentNew`),
  4720: words(ACCOUNT),
  4722: words(ACCOUNT),
  4724: words(ACCOUNT),
  4725: words(ACCOUNT),
  4726: words(ACCOUNT),
  4732: words(`MemberName MemberSid TargetUserName TargetDomainName TargetSid ${SUBJECT} PrivilegeList`),
  4733: words(`MemberName MemberSid TargetUserName TargetDomainName TargetSid ${SUBJECT} PrivilegeList`),
  5140: words(`${SUBJECT} ObjectType IpAddress IpPort ShareName ShareLocalPath AccessMask AccessList`),
  5145: words(
    `${SUBJECT} ObjectType IpAddress IpPort ShareName ShareLocalPath RelativeTargetName AccessMask AccessList AccessReason`,
  ),
  5154: words('ProcessId Application SourceAddress SourcePort Protocol FilterRTID LayerName LayerRTID'),
  5156: words(
    'ProcessID Application Direction SourceAddress SourcePort DestAddress DestPort Protocol FilterRTID LayerName LayerRTID RemoteUserID RemoteMachineID',
  ),
  5157: words(
    'ProcessID Application Direction SourceAddress SourcePort DestAddress DestPort Protocol FilterRTID LayerName LayerRTID RemoteUserID RemoteMachineID',
  ),
};

const SOURCES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  sysmon: SYSMON,
  'windows-security': SECURITY,
  'windows-system': { 7045: words('ServiceName ImagePath ServiceType StartType AccountName') },
  powershell: {
    4103: words('ContextInfo UserData Payload'),
    4104: words('MessageNumber MessageTotal ScriptBlockText ScriptBlockId Path'),
  },
  'task-scheduler': {
    106: words('TaskName UserContext'),
    140: words('TaskName UserName'),
    141: words('TaskName UserName'),
  },
};

/** Null: not known for this event. */
export function namesInOrder(source: string, eventId: number): readonly string[] | null {
  return SOURCES[source]?.[eventId] ?? null;
}

/** Sysmon's rendered message is its fields, one a line: `Image: C:\…`. */
export function fieldsOfMessage(message: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of message.split('\n').slice(1, 100)) {
    const found = /^\s*([A-Za-z]{2,40}): ?(.*?)\r?$/.exec(line);
    if (found?.[1] !== undefined) fields[found[1]] = found[2] ?? '';
  }
  return fields;
}
