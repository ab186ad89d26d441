import { words } from './define-table.ts';

/**
 * Values of `ActionType` known per table. Not closed: a device may report a kind of event that is not listed, and queries may name any text.
 */
export const actionTypes: Readonly<Record<string, readonly string[]>> = {
  DeviceProcessEvents: words(`
    ProcessCreated ProcessCreatedAggregatedReport OpenProcess
  `),
  DeviceFileEvents: words(`
    FileCreated FileModified FileRenamed FileDeleted FileCreatedAggregatedReport
    FileModifiedAggregatedReport FileRenamedAggregatedReport
  `),
  DeviceRegistryEvents: words(`
    RegistryKeyCreated RegistryKeyDeleted RegistryKeyRenamed RegistryValueSet RegistryValueDeleted
  `),
  DeviceLogonEvents: words(`
    LogonAttempted LogonSuccess LogonFailed LogonSuccessAggregatedReport LogonFailedAggregatedReport
  `),
  DeviceImageLoadEvents: words(`
    ImageLoaded
  `),
  DeviceNetworkEvents: words(`
    ConnectionAcknowledged ConnectionAttempt ConnectionFailed ConnectionFound ConnectionRequest
    ConnectionSuccess ConnectionSuccessAggregatedReport ConnectionFailedAggregatedReport
    DnsConnectionInspected FtpConnectionInspected HttpConnectionInspected IcmpConnectionInspected
    InboundConnectionAccepted InboundInternetScanInspected ListeningConnectionCreated
    NetworkSignatureInspected SmtpConnectionInspected SshConnectionInspected SslConnectionInspected
  `),
  DeviceEvents: words(`
    AccountCheckedForBlankPassword AmsiScriptContent AmsiScriptDetection AntivirusDefinitionsUpdated
    AntivirusDefinitionsUpdateFailed AntivirusDetection AntivirusDetectionActionType
    AntivirusEmergencyUpdatesInstalled AntivirusError AntivirusMalwareActionFailed AntivirusMalwareBlocked
    AntivirusReport AntivirusScanCancelled AntivirusScanCompleted AntivirusScanFailed
    AntivirusTroubleshootModeEvent AppControlAppInstallationAudited AppControlAppInstallationBlocked
    AppControlCIScriptAudited AppControlCIScriptBlocked AppControlCodeIntegrityDriverRevoked
    AppControlCodeIntegrityImageAudited AppControlCodeIntegrityImageRevoked
    AppControlCodeIntegrityOriginAllowed AppControlCodeIntegrityOriginAudited
    AppControlCodeIntegrityOriginBlocked AppControlCodeIntegrityPolicyAudited
    AppControlCodeIntegrityPolicyBlocked AppControlCodeIntegrityPolicyLoaded
    AppControlCodeIntegritySigningInformation AppControlDllAudited AppControlExecutableAudited
    AppControlExecutableBlocked AppControlMSIAudited AppControlPackagedAppAudited
    AppControlPackagedAppBlocked AppControlPolicyApplied AppControlScriptAudited AppControlScriptBlocked
    AppGuardBrowseToUrl AppGuardCreateContainer AppGuardLaunchedWithUrl AppGuardResumeContainer
    AppGuardStopContainer AppGuardSuspendContainer AppLockerBlockExecutable AppLockerBlockPackagedApp
    AppLockerBlockPackagedAppInstallation AppLockerBlockScript AsrAdobeReaderChildProcessAudited
    AsrAdobeReaderChildProcessBlocked AsrCustomRuleAudited AsrExecutableEmailContentAudited
    AsrExecutableEmailContentBlocked AsrExecutableOfficeContentAudited AsrExecutableOfficeContentBlocked
    AsrLsassCredentialTheftAudited AsrLsassCredentialTheftBlocked AsrObfuscatedScriptAudited
    AsrObfuscatedScriptBlocked AsrOfficeChildProcessAudited AsrOfficeChildProcessBlocked
    AsrOfficeCommAppChildProcessAudited AsrOfficeCommAppChildProcessBlocked
    AsrOfficeMacroWin32ApiCallsAudited AsrOfficeMacroWin32ApiCallsBlocked AsrOfficeProcessInjectionAudited
    AsrOfficeProcessInjectionBlocked AsrPersistenceThroughWmiAudited AsrPersistenceThroughWmiBlocked
    AsrPsexecWmiChildProcessAudited AsrPsexecWmiChildProcessBlocked AsrRansomwareAudited
    AsrRansomwareBlocked AsrScriptExecutableDownloadAudited AsrScriptExecutableDownloadBlocked
    AsrUntrustedExecutableAudited AsrUntrustedExecutableBlocked AsrUntrustedUsbProcessAudited
    AsrUntrustedUsbProcessBlocked AsrVulnerableSignedDriverAudited AsrVulnerableSignedDriverBlocked
    AuditPolicyModification BitLockerAuditCompleted BluetoothPolicyTriggered BrowserLaunchedToOpenUrl
    ClrUnbackedModuleLoaded ControlFlowGuardViolation ControlledFolderAccessViolationAudited
    ControlledFolderAccessViolationBlocked CreateRemoteThreadApiCall CredentialsBackup
    DeviceBootAttestationInfo DirectoryServiceObjectCreated DirectoryServiceObjectModified DlpPocPrintJob
    DnsQueryRequest DnsQueryResponse DpapiAccessed DriverLoad ExploitGuardAcgAudited ExploitGuardAcgEnforced
    ExploitGuardChildProcessAudited ExploitGuardChildProcessBlocked ExploitGuardEafViolationAudited
    ExploitGuardEafViolationBlocked ExploitGuardIafViolationAudited ExploitGuardIafViolationBlocked
    ExploitGuardLowIntegrityImageAudited ExploitGuardLowIntegrityImageBlocked
    ExploitGuardNetworkProtectionAudited ExploitGuardNetworkProtectionBlocked
    ExploitGuardNonMicrosoftSignedAudited ExploitGuardNonMicrosoftSignedBlocked
    ExploitGuardRopExploitAudited ExploitGuardRopExploitBlocked ExploitGuardSharedBinaryAudited
    ExploitGuardSharedBinaryBlocked ExploitGuardWin32SystemCallAudited ExploitGuardWin32SystemCallBlocked
    FileTimestampModificationEvent FirewallInboundConnectionBlocked FirewallInboundConnectionToAppBlocked
    FirewallOutboundConnectionBlocked FirewallServiceStopped GetAsyncKeyStateApiCall GetClipboardData
    LdapSearch LogonRightsSettingEnabled MemoryRemoteProtect NamedPipeEvent NetworkProtectionUserBypassEvent
    NetworkShareObjectAccessChecked NetworkShareObjectAdded NetworkShareObjectDeleted
    NetworkShareObjectModified NtAllocateVirtualMemoryApiCall NtAllocateVirtualMemoryRemoteApiCall
    NtMapViewOfSectionRemoteApiCall NtProtectVirtualMemoryApiCall OpenProcessApiCall
    OtherAlertRelatedActivity PasswordChangeAttempt PlistPropertyModified PnpDeviceAllowed PnpDeviceBlocked
    PnpDeviceConnected PowerShellCommand PrintJobBlocked ProcessCreatedUsingWmiQuery
    ProcessPrimaryTokenModified PTraceDetected QueueUserApcRemoteApiCall ReadProcessMemoryApiCall
    RemoteDesktopConnection RemoteWmiOperation RemovableStorageFileEvent RemovableStoragePolicyTriggered
    SafeDocFileScan ScheduledTaskCreated ScheduledTaskDeleted ScheduledTaskDisabled ScheduledTaskEnabled
    ScheduledTaskUpdated ScreenshotTaken ScriptContent ScriptContentScan SecurityGroupCreated
    SecurityGroupDeleted SecurityLogCleared SensitiveFileRead ServiceInstalled SetThreadContextRemoteApiCall
    ShellLinkCreateFileEvent SmartScreenAppWarning SmartScreenExploitWarning SmartScreenUrlWarning
    SmartScreenUserOverride TamperingAttempt TvmAxonTelemetryEvent UntrustedWifiConnection
    UsbDriveDriveLetterChanged UsbDriveMount UsbDriveMounted UsbDriveUnmount UsbDriveUnmounted
    UserAccountAddedToLocalGroup UserAccountCreated UserAccountDeleted UserAccountModified
    UserAccountRemovedFromLocalGroup WmiBindEventFilterToConsumer WriteProcessMemoryApiCall
    WriteToLsassProcessMemory
  `),
  DisruptionAndResponseEvents: words(`
    ContainedRestrictedUserSmbFileOpenBlocked ContainedUserLogonBlocked
    ContainedUserLogonBlockedByDomainController ContainedUserRemoteDesktopSessionDisconnected
    ContainedUserRemoteDesktopSessionStopped ContainedUserRpcAccessBlocked ContainedUserSmbFileOpenBlocked
    ContainedUserSmbFileOpenBlockedAggregation ContainedUserSmbSessionStopped GroupPolicyAccessBlocked
    SafeBootBlocked SafeBootGuardPolicyApplied SafeBootGuardPolicyRemoved GroupPolicyHardeningPolicyApplied
    GroupPolicyHardeningPolicyRemoved
  `),
  CloudAppEvents: words(`
    CreateCustomDetection EditCustomDetection DeleteCustomDetection ChangeCustomDetectionRuleStatus
    SetAdvancedFeatures DownloadOffboardingPkg IsolateDevice ReleaseFromIsolation RunAntiVirusScan
    LiveResponseGetFile DownloadFile ExclusionConfigurationAdded
  `),
};

/** Former values of `ActionType` -> present ones. */
export const actionTypeRenames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DeviceEvents: {
    UsbDriveMount: 'UsbDriveMounted',
    UsbDriveUnmount: 'UsbDriveUnmounted',
    WriteProcessMemoryApiCall: 'WriteToLsassProcessMemory',
  },
};

/** Keys an event of this kind is known to carry in `AdditionalFields`. */
export const additionalFieldKeys: Readonly<Record<string, readonly string[]>> = {
  ProcessCreatedAggregatedReport: words(`uniqueEventsAggregated`),
  FileCreatedAggregatedReport: words(`uniqueEventsAggregated`),
  FileModifiedAggregatedReport: words(`uniqueEventsAggregated`),
  FileRenamedAggregatedReport: words(`uniqueEventsAggregated`),
  LogonSuccess: words(
    `IsLocalLogon TokenHasDomainAdminSid TokenHasSchemaAdminSid TokenHasEnterpriseAdminSid TokenHasGroupPolicyCreatorSid TokenHasDomainControllerSid TokenHasCertificatePublisherSid TokenHasLocalAccountSid TokenHasNtlmAuthSid TokenHasThisOrgCertificateSid NumberOfSidsInDomainAdminToken`,
  ),
  LogonSuccessAggregatedReport: words(`uniqueEventsAggregated`),
  LogonFailedAggregatedReport: words(`uniqueEventsAggregated`),
  ConnectionSuccessAggregatedReport: words(`uniqueEventsAggregated`),
  ConnectionFailedAggregatedReport: words(`uniqueEventsAggregated`),
  DnsConnectionInspected: words(`query rcode_name direction`),
  SslConnectionInspected: words(`subject issuer direction`),
  AmsiScriptDetection: words(`Description`),
  AntivirusDetection: words(
    `ThreatName WasExecutingWhileDetected Action WasRemediated RegistryKey RegistryValueName RegistryValueData ResourceSchema Container Service ReportSource`,
  ),
  AntivirusReport: words(`WasExecutingWhileDetected Signer`),
  AntivirusScanCancelled: words(`Domain ScanId ScanParametersIndex ScanTypeIndex User`),
  AntivirusScanCompleted: words(`Domain ScanId ScanParametersIndex ScanTypeIndex User`),
  AntivirusScanFailed: words(
    `Domain ScanId ScanParametersIndex ScanTypeIndex User ErrorCode ErrorDescription`,
  ),
  AppControlAppInstallationAudited: words(`Fqbn AppPackageFamilyName`),
  AppControlCodeIntegrityPolicyAudited: words(`RequestedSigningLevel ValidatedSigningLevel AuthenticodeHash`),
  AppControlCodeIntegrityPolicyBlocked: words(`RequestedSigningLevel ValidatedSigningLevel AuthenticodeHash`),
  AppControlExecutableAudited: words(`Fqbn AuthenticodeHash`),
  AppControlPackagedAppAudited: words(`Fqbn AppPackageFamilyName`),
  AppControlScriptAudited: words(`Fqbn AuthenticodeHash`),
  AppGuardBrowseToUrl: words(`sourceUrl destinationUrl`),
  AppGuardLaunchedWithUrl: words(`ContainerName`),
  AppGuardResumeContainer: words(`ContainerName`),
  AppGuardStopContainer: words(`ContainerName`),
  AppGuardSuspendContainer: words(`ContainerName`),
  AppLockerBlockExecutable: words(`Fqbn AuthenticodeHash`),
  AsrAdobeReaderChildProcessAudited: words(`IsAudit RuleId`),
  AsrAdobeReaderChildProcessBlocked: words(`IsAudit RuleId`),
  AsrExecutableEmailContentAudited: words(`IsAudit RuleId`),
  AsrExecutableEmailContentBlocked: words(`IsAudit RuleId`),
  AsrExecutableOfficeContentAudited: words(`IsAudit RuleId`),
  AsrExecutableOfficeContentBlocked: words(`IsAudit RuleId`),
  AsrLsassCredentialTheftAudited: words(`IsAudit RuleId`),
  AsrLsassCredentialTheftBlocked: words(`IsAudit RuleId`),
  AsrObfuscatedScriptAudited: words(`IsAudit RuleId`),
  AsrObfuscatedScriptBlocked: words(`IsAudit RuleId`),
  AsrOfficeChildProcessAudited: words(`IsAudit RuleId`),
  AsrOfficeChildProcessBlocked: words(`IsAudit RuleId`),
  AsrOfficeMacroWin32ApiCallsBlocked: words(`IsAudit RuleId`),
  AsrPsexecWmiChildProcessAudited: words(`IsAudit RuleId`),
  AsrRansomwareBlocked: words(`IsAudit RuleId`),
  AsrUntrustedExecutableAudited: words(`IsAudit RuleId`),
  BrowserLaunchedToOpenUrl: words(`Name Uri`),
  ControlledFolderAccessViolationAudited: words(`IsAudit RuleId`),
  CreateRemoteThreadApiCall: words(
    `TargetProcess CreationTimeUtc CommandLine TokenElevationType IntegrityLevel Account_Sid`,
  ),
  ExploitGuardAcgAudited: words(`IsAudit`),
  ExploitGuardAcgEnforced: words(`IsAudit`),
  ExploitGuardChildProcessAudited: words(`IsAudit ChildCommandLine`),
  ExploitGuardChildProcessBlocked: words(`IsAudit ChildCommandLine`),
  ExploitGuardEafViolationAudited: words(`IsAudit`),
  ExploitGuardEafViolationBlocked: words(`IsAudit`),
  ExploitGuardIafViolationAudited: words(`IsAudit`),
  ExploitGuardIafViolationBlocked: words(`IsAudit`),
  ExploitGuardLowIntegrityImageAudited: words(`IsAudit`),
  ExploitGuardLowIntegrityImageBlocked: words(`IsAudit`),
  ExploitGuardNetworkProtectionAudited: words(`Uri IsAudit`),
  ExploitGuardNetworkProtectionBlocked: words(`Uri IsAudit`),
  ExploitGuardNonMicrosoftSignedAudited: words(`IsAudit`),
  ExploitGuardNonMicrosoftSignedBlocked: words(`IsAudit`),
  ExploitGuardRopExploitAudited: words(`IsAudit`),
  ExploitGuardRopExploitBlocked: words(`IsAudit`),
  ExploitGuardSharedBinaryAudited: words(`IsAudit`),
  ExploitGuardSharedBinaryBlocked: words(`IsAudit`),
  ExploitGuardWin32SystemCallAudited: words(`IsAudit`),
  ExploitGuardWin32SystemCallBlocked: words(`IsAudit`),
  FirewallInboundConnectionBlocked: words(`LocalAddress LocalPort RemoteAddress RemotePort Direction`),
  FirewallInboundConnectionToAppBlocked: words(`Profiles`),
  FirewallOutboundConnectionBlocked: words(`LocalAddress LocalPort RemoteAddress RemotePort Direction`),
  GetAsyncKeyStateApiCall: words(`BackgroundCallCount`),
  LdapSearch: words(`ScopeOfSearch SearchFilter DistinguishedName AttributeList`),
  LogonRightsSettingEnabled: words(`LogonRights`),
  NamedPipeEvent: words(`PipeName FileOperation NamedPipeEnd DesiredAccess`),
  NtAllocateVirtualMemoryApiCall: words(
    `TargetProcess CreationTimeUtc CommandLine TokenElevationType IntegrityLevel Account_Sid`,
  ),
  NtAllocateVirtualMemoryRemoteApiCall: words(`TargetProcess CreationTimeUtc CommandLine`),
  NtMapViewOfSectionRemoteApiCall: words(`TargetProcess CreationTimeUtc CommandLine`),
  OpenProcessApiCall: words(`TargetProcess CreationTimeUtc CommandLine DesiredAccess`),
  PnpDeviceConnected: words(`ClassName DeviceId DeviceDescription VendorIds`),
  PowerShellCommand: words(`Command`),
  ProcessCreatedUsingWmiQuery: words(`IsRemoteMachine Namespace ClassName MethodName`),
  ProcessPrimaryTokenModified: words(
    `SystemTokenPointer OriginalTokenPointer OriginalTokenIntegrityLevel OriginalTokenUserSid CurrentTokenPointer CurrentTokenIntegrityLevel CurrentTokenUserSid OriginalTokenPrivEnabled CurrentTokenPrivEnabled TokenModificationProperties`,
  ),
  QueueUserApcRemoteApiCall: words(`TargetProcess CreationTimeUtc CommandLine`),
  ReadProcessMemoryApiCall: words(`TotalBytesCopied`),
  RemoteWmiOperation: words(`OperationType OperationDetails Namespace`),
  ScheduledTaskCreated: words(`TaskName TaskContent`),
  ScheduledTaskDeleted: words(`TaskName`),
  ScheduledTaskDisabled: words(`TaskName`),
  ScheduledTaskEnabled: words(`TaskName`),
  ScheduledTaskUpdated: words(`TaskName TaskContent`),
  ScriptContent: words(`Hash Content`),
  ScriptContentScan: words(`Hash ScanResult AppName`),
  SetThreadContextRemoteApiCall: words(`TargetProcess CreationTimeUtc CommandLine`),
  ShellLinkCreateFileEvent: words(`ShellLinkIconPath ShellLinkWorkingDirectory`),
  SmartScreenAppWarning: words(`ActivityId Experience`),
  SmartScreenExploitWarning: words(`Uri ReferrerUri`),
  SmartScreenUrlWarning: words(`ActivityId Uri Experience`),
  SmartScreenUserOverride: words(`ActivityId Action`),
  TamperingAttempt: words(`TamperingAction TamperingAttemptedValue OriginalValue Status Target`),
  UsbDriveMounted: words(`ProductName SerialNumber Manufacturer Volume`),
  UserAccountAddedToLocalGroup: words(`GroupName`),
  WriteProcessMemoryApiCall: words(`TotalBytesCopied`),
};
