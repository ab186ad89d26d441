import { defineTable, renamesOf2019 } from './define-table.ts';

/** Events and state that devices report. */
export const deviceTables = [
  defineTable({
    name: 'DeviceInfo',
    description:
      'State of each device: system, tags, health and exposure; a full record every hour and one on every change',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['MachineInfo'],
    columnRenames: {
      ...renamesOf2019,
      RegistryMachineTag: 'RegistryDeviceTag',
      DeviceObjectId: 'AadDeviceId',
    },
    columns: `
      Timestamp DeviceId DeviceName ClientVersion PublicIP OSArchitecture OSPlatform OSBuild IsAzureADJoined
      JoinType AadDeviceId LoggedOnUsers RegistryDeviceTag OSVersion MachineGroup ReportId OnboardingStatus
      AdditionalFields DeviceCategory DeviceType DeviceSubtype Model Vendor OSDistribution OSVersionInfo
      MergedDeviceIds MergedToDeviceId IsInternetFacing SensorHealthState IsExcluded ExclusionReason
      ExposureLevel AssetValue DeviceManualTags DeviceDynamicTags ConnectivityType HostDeviceId
      AzureResourceId AwsResourceName GcpFullResourceName HardwareUuid CloudPlatforms AzureVmId
      AzureVmSubscriptionId IsTransient OsBuildRevision MitigationStatus Site DiscoverySources DeviceRoles
      DlpInfo
    `,
  }),
  defineTable({
    name: 'DeviceNetworkInfo',
    description: 'Network adapters of each device, with their addresses and the networks they are joined to',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['MachineNetworkInfo'],
    columnRenames: renamesOf2019,
    columns: `
      Timestamp DeviceId DeviceName NetworkAdapterName MacAddress NetworkAdapterType NetworkAdapterStatus
      TunnelType ConnectedNetworks DnsAddresses IPv4Dhcp IPv6Dhcp DefaultGateways IPAddresses ReportId
      NetworkAdapterVendor NetworkAdapterDnsSuffix OnboardingStatus
    `,
  }),
  defineTable({
    name: 'DeviceProcessEvents',
    description: 'Processes started',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['ProcessCreationEvents'],
    columnRenames: { ...renamesOf2019, EventType: 'ActionType' },
    columns: `
      Timestamp DeviceId DeviceName ActionType FileName FolderPath SHA1 SHA256 MD5 FileSize
      ProcessVersionInfoCompanyName ProcessVersionInfoProductName ProcessVersionInfoProductVersion
      ProcessVersionInfoInternalFileName ProcessVersionInfoOriginalFileName
      ProcessVersionInfoFileDescription ProcessId ProcessCommandLine ProcessIntegrityLevel
      ProcessTokenElevation ProcessCreationTime AccountDomain AccountName AccountSid AccountUpn
      AccountObjectId LogonId InitiatingProcessAccountDomain InitiatingProcessAccountName
      InitiatingProcessAccountSid InitiatingProcessAccountUpn InitiatingProcessAccountObjectId
      InitiatingProcessLogonId InitiatingProcessIntegrityLevel InitiatingProcessTokenElevation
      InitiatingProcessSHA1 InitiatingProcessSHA256 InitiatingProcessMD5 InitiatingProcessFileName
      InitiatingProcessFileSize InitiatingProcessVersionInfoCompanyName
      InitiatingProcessVersionInfoProductName InitiatingProcessVersionInfoProductVersion
      InitiatingProcessVersionInfoInternalFileName InitiatingProcessVersionInfoOriginalFileName
      InitiatingProcessVersionInfoFileDescription InitiatingProcessId InitiatingProcessCommandLine
      InitiatingProcessCreationTime InitiatingProcessFolderPath InitiatingProcessParentId
      InitiatingProcessParentFileName InitiatingProcessParentCreationTime InitiatingProcessSignerType
      InitiatingProcessSignatureStatus ReportId AppGuardContainerId AdditionalFields
      InitiatingProcessSessionId IsInitiatingProcessRemoteSession InitiatingProcessRemoteSessionDeviceName
      InitiatingProcessRemoteSessionIP CreatedProcessSessionId IsProcessRemoteSession
      ProcessRemoteSessionDeviceName ProcessRemoteSessionIP ProcessUniqueId InitiatingProcessUniqueId
    `,
  }),
  defineTable({
    name: 'DeviceNetworkEvents',
    description: 'Connections made, accepted, refused or inspected',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['NetworkCommunicationEvents'],
    columnRenames: { ...renamesOf2019, EventType: 'ActionType' },
    columns: `
      Timestamp DeviceId DeviceName ActionType RemoteIP RemotePort RemoteUrl LocalIP LocalPort Protocol
      LocalIPType RemoteIPType InitiatingProcessSHA1 InitiatingProcessSHA256 InitiatingProcessMD5
      InitiatingProcessFileName InitiatingProcessFileSize InitiatingProcessVersionInfoCompanyName
      InitiatingProcessVersionInfoProductName InitiatingProcessVersionInfoProductVersion
      InitiatingProcessVersionInfoInternalFileName InitiatingProcessVersionInfoOriginalFileName
      InitiatingProcessVersionInfoFileDescription InitiatingProcessId InitiatingProcessCommandLine
      InitiatingProcessCreationTime InitiatingProcessFolderPath InitiatingProcessParentFileName
      InitiatingProcessParentId InitiatingProcessParentCreationTime InitiatingProcessAccountDomain
      InitiatingProcessAccountName InitiatingProcessAccountSid InitiatingProcessAccountUpn
      InitiatingProcessAccountObjectId InitiatingProcessIntegrityLevel InitiatingProcessTokenElevation
      ReportId AppGuardContainerId AdditionalFields InitiatingProcessSessionId
      IsInitiatingProcessRemoteSession InitiatingProcessRemoteSessionDeviceName
      InitiatingProcessRemoteSessionIP InitiatingProcessUniqueId
    `,
  }),
  defineTable({
    name: 'DeviceFileEvents',
    description: 'Files created, changed, renamed or deleted',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['FileCreationEvents'],
    columnRenames: { ...renamesOf2019, EventType: 'ActionType' },
    columns: `
      Timestamp DeviceId DeviceName ActionType FileName FolderPath SHA1 SHA256 MD5 FileOriginUrl
      FileOriginReferrerUrl FileOriginIP PreviousFolderPath PreviousFileName FileSize
      InitiatingProcessAccountDomain InitiatingProcessAccountName InitiatingProcessAccountSid
      InitiatingProcessAccountUpn InitiatingProcessAccountObjectId InitiatingProcessMD5
      InitiatingProcessSHA1 InitiatingProcessSHA256 InitiatingProcessFolderPath InitiatingProcessFileName
      InitiatingProcessFileSize InitiatingProcessVersionInfoCompanyName
      InitiatingProcessVersionInfoProductName InitiatingProcessVersionInfoProductVersion
      InitiatingProcessVersionInfoInternalFileName InitiatingProcessVersionInfoOriginalFileName
      InitiatingProcessVersionInfoFileDescription InitiatingProcessId InitiatingProcessCommandLine
      InitiatingProcessCreationTime InitiatingProcessIntegrityLevel InitiatingProcessTokenElevation
      InitiatingProcessParentId InitiatingProcessParentFileName InitiatingProcessParentCreationTime
      RequestProtocol RequestSourceIP RequestSourcePort RequestAccountName RequestAccountDomain
      RequestAccountSid ShareName SensitivityLabel SensitivitySubLabel IsAzureInfoProtectionApplied ReportId
      AppGuardContainerId AdditionalFields InitiatingProcessSessionId IsInitiatingProcessRemoteSession
      InitiatingProcessRemoteSessionDeviceName InitiatingProcessRemoteSessionIP InitiatingProcessUniqueId
    `,
  }),
  defineTable({
    name: 'DeviceRegistryEvents',
    description: 'Registry keys and values created, changed or deleted',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['RegistryEvents'],
    columnRenames: { ...renamesOf2019, EventType: 'ActionType' },
    columns: `
      Timestamp DeviceId DeviceName ActionType RegistryKey RegistryValueType RegistryValueName
      RegistryValueData PreviousRegistryKey PreviousRegistryValueName PreviousRegistryValueData
      InitiatingProcessAccountDomain InitiatingProcessAccountName InitiatingProcessAccountSid
      InitiatingProcessAccountUpn InitiatingProcessAccountObjectId InitiatingProcessSHA1
      InitiatingProcessSHA256 InitiatingProcessMD5 InitiatingProcessFileName InitiatingProcessFileSize
      InitiatingProcessVersionInfoCompanyName InitiatingProcessVersionInfoProductName
      InitiatingProcessVersionInfoProductVersion InitiatingProcessVersionInfoInternalFileName
      InitiatingProcessVersionInfoOriginalFileName InitiatingProcessVersionInfoFileDescription
      InitiatingProcessId InitiatingProcessCommandLine InitiatingProcessCreationTime
      InitiatingProcessFolderPath InitiatingProcessParentId InitiatingProcessParentFileName
      InitiatingProcessParentCreationTime InitiatingProcessIntegrityLevel InitiatingProcessTokenElevation
      ReportId AppGuardContainerId InitiatingProcessSessionId IsInitiatingProcessRemoteSession
      InitiatingProcessRemoteSessionDeviceName InitiatingProcessRemoteSessionIP InitiatingProcessUniqueId
    `,
  }),
  defineTable({
    name: 'DeviceLogonEvents',
    description: 'Sign-ins on devices',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['LogonEvents'],
    columnRenames: { ...renamesOf2019, EventType: 'ActionType', RemoteComputerName: 'RemoteDeviceName' },
    columns: `
      Timestamp DeviceId DeviceName ActionType LogonType AccountDomain AccountName AccountSid Protocol
      FailureReason IsLocalAdmin LogonId RemoteDeviceName RemoteIP RemoteIPType RemotePort
      InitiatingProcessAccountDomain InitiatingProcessAccountName InitiatingProcessAccountSid
      InitiatingProcessAccountUpn InitiatingProcessAccountObjectId InitiatingProcessIntegrityLevel
      InitiatingProcessTokenElevation InitiatingProcessSHA1 InitiatingProcessSHA256 InitiatingProcessMD5
      InitiatingProcessFileName InitiatingProcessFileSize InitiatingProcessVersionInfoCompanyName
      InitiatingProcessVersionInfoProductName InitiatingProcessVersionInfoProductVersion
      InitiatingProcessVersionInfoInternalFileName InitiatingProcessVersionInfoOriginalFileName
      InitiatingProcessVersionInfoFileDescription InitiatingProcessId InitiatingProcessCommandLine
      InitiatingProcessCreationTime InitiatingProcessFolderPath InitiatingProcessParentId
      InitiatingProcessParentFileName InitiatingProcessParentCreationTime ReportId AppGuardContainerId
      AdditionalFields InitiatingProcessSessionId IsInitiatingProcessRemoteSession
      InitiatingProcessRemoteSessionDeviceName InitiatingProcessRemoteSessionIP InitiatingProcessUniqueId
    `,
  }),
  defineTable({
    name: 'DeviceImageLoadEvents',
    description: 'Libraries loaded into processes',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['ImageLoadEvents'],
    columnRenames: { ...renamesOf2019, EventType: 'ActionType' },
    columns: `
      Timestamp DeviceId DeviceName ActionType FileName FolderPath SHA1 SHA256 MD5 FileSize
      InitiatingProcessAccountDomain InitiatingProcessAccountName InitiatingProcessAccountSid
      InitiatingProcessAccountUpn InitiatingProcessAccountObjectId InitiatingProcessIntegrityLevel
      InitiatingProcessTokenElevation InitiatingProcessSHA1 InitiatingProcessSHA256 InitiatingProcessMD5
      InitiatingProcessFileName InitiatingProcessFileSize InitiatingProcessVersionInfoCompanyName
      InitiatingProcessVersionInfoProductName InitiatingProcessVersionInfoProductVersion
      InitiatingProcessVersionInfoInternalFileName InitiatingProcessVersionInfoOriginalFileName
      InitiatingProcessVersionInfoFileDescription InitiatingProcessId InitiatingProcessCommandLine
      InitiatingProcessCreationTime InitiatingProcessFolderPath InitiatingProcessParentId
      InitiatingProcessParentFileName InitiatingProcessParentCreationTime ReportId AppGuardContainerId
      InitiatingProcessSessionId IsInitiatingProcessRemoteSession InitiatingProcessRemoteSessionDeviceName
      InitiatingProcessRemoteSessionIP InitiatingProcessUniqueId
    `,
  }),
  defineTable({
    name: 'DeviceEvents',
    description:
      'All other events: protection features at work, calls across processes, tasks, accounts, peripherals, scripts',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['MiscEvents'],
    columnRenames: { ...renamesOf2019, EventType: 'ActionType', RemoteComputerName: 'RemoteDeviceName' },
    columns: `
      Timestamp DeviceId DeviceName ActionType FileName FolderPath SHA1 SHA256 MD5 FileSize AccountDomain
      AccountName AccountSid RemoteUrl RemoteDeviceName ProcessId ProcessCommandLine ProcessCreationTime
      ProcessTokenElevation LogonId RegistryKey RegistryValueName RegistryValueData RemoteIP RemotePort
      LocalIP LocalPort FileOriginUrl FileOriginIP InitiatingProcessSHA1 InitiatingProcessSHA256
      InitiatingProcessMD5 InitiatingProcessFileName InitiatingProcessFileSize InitiatingProcessFolderPath
      InitiatingProcessId InitiatingProcessCommandLine InitiatingProcessCreationTime
      InitiatingProcessAccountDomain InitiatingProcessAccountName InitiatingProcessAccountSid
      InitiatingProcessAccountUpn InitiatingProcessAccountObjectId InitiatingProcessVersionInfoCompanyName
      InitiatingProcessVersionInfoProductName InitiatingProcessVersionInfoProductVersion
      InitiatingProcessVersionInfoInternalFileName InitiatingProcessVersionInfoOriginalFileName
      InitiatingProcessVersionInfoFileDescription InitiatingProcessParentId InitiatingProcessParentFileName
      InitiatingProcessParentCreationTime InitiatingProcessLogonId ReportId AppGuardContainerId
      AdditionalFields InitiatingProcessSessionId IsInitiatingProcessRemoteSession
      InitiatingProcessRemoteSessionDeviceName InitiatingProcessRemoteSessionIP CreatedProcessSessionId
      IsProcessRemoteSession ProcessRemoteSessionDeviceName ProcessRemoteSessionIP InitiatingProcessUniqueId
    `,
  }),
  defineTable({
    name: 'DeviceFileCertificateInfo',
    description: 'Who signed the files seen on devices',
    category: 'device',
    nearRealTime: true,
    legacyNames: ['DeviceFileCertificateInfoBeta'],
    columns: `
      Timestamp DeviceId DeviceName SHA1 IsSigned SignatureType Signer SignerHash Issuer IssuerHash
      CertificateSerialNumber CrlDistributionPointUrls CertificateCreationTime CertificateExpirationTime
      CertificateCountersignatureTime IsTrusted IsRootSignerMicrosoft ReportId
    `,
  }),
];
