import { defineTable, renamesOf2019 } from './define-table.ts';

/** Alerts, behaviours, automatic containment and the exposure graph. */
export const alertTables = [
  defineTable({
    name: 'AlertInfo',
    description: 'Alerts, a row each',
    category: 'alert',
    surface: 'xdr',
    supersedes: ['AlertEvents', 'DeviceAlertEvents'],
    columns: `
      Timestamp AlertId Title Category Severity ServiceSource DetectionSource AttackTechniques
    `,
  }),
  defineTable({
    name: 'AlertEvidence',
    description: 'Entities that belong to alerts, a row each',
    category: 'alert',
    surface: 'xdr',
    nearRealTime: true,
    supersedes: ['AlertEvents', 'DeviceAlertEvents'],
    columns: `
      Timestamp AlertId Title Categories AttackTechniques ServiceSource DetectionSource EntityType
      EvidenceRole EvidenceDirection FileName FolderPath SHA1 SHA256 FileSize ThreatFamily RemoteIP
      RemoteUrl AccountName AccountDomain AccountSid AccountObjectId AccountUpn DeviceId DeviceName LocalIP
      NetworkMessageId EmailSubject Application ApplicationId OAuthApplicationId ProcessCommandLine
      RegistryKey RegistryValueName RegistryValueData AdditionalFields Severity CloudResource CloudPlatform
      ResourceType ResourceID SubscriptionId
    `,
  }),
  defineTable({
    name: 'DeviceAlertEvents',
    description: 'Alerts on devices in the form of 2020; AlertInfo and AlertEvidence took its place',
    category: 'alert',
    status: 'legacy',
    legacyNames: ['AlertEvents'],
    columnRenames: renamesOf2019,
    columns: `
      AlertId Timestamp DeviceId DeviceName Severity Category Title FileName SHA1 RemoteUrl RemoteIP
      AttackTechniques ReportId Table
    `,
  }),
  defineTable({
    name: 'DisruptionAndResponseEvents',
    description: 'What automatic containment prevented or changed on devices',
    category: 'response',
    status: 'preview',
    surface: 'xdr',
    columns: `
      Timestamp ActionType DeviceId SourceDeviceId TargetDeviceId TargetDeviceName TargetDomainName
      DeviceName DomainName InitiatingProcessId:int InitiatingProcessFileName SourceUserSid SourceUserName
      SourceUserDomainName SourceIPAddress SourcePort IPAddress Port SourceDeviceName SourceDomainName
      AuthenticationProtocol Service InterfaceUuidSourceDomainName InterfaceFriendlyName FileName ShareName
      LogonType LogonId SessionId CompromisedAccountCount PolicyId PolicyName PolicyVersion PolicyHash
      DataSources:dynamic IsPolicyOn ReportType
    `,
  }),
  defineTable({
    name: 'BehaviorInfo',
    description: 'Behaviours: activity worth a look that is not an alert',
    category: 'behavior',
    status: 'preview',
    surface: 'xdr',
    columns: `
      Timestamp BehaviorId ActionType Description Categories AttackTechniques ServiceSource DetectionSource
      DataSources DeviceId AccountUpn AccountObjectId StartTime EndTime AdditionalFields
    `,
  }),
  defineTable({
    name: 'BehaviorEntities',
    description: 'Entities that belong to behaviours',
    category: 'behavior',
    status: 'preview',
    surface: 'xdr',
    columns: `
      Timestamp BehaviorId ActionType Categories ServiceSource DetectionSource DataSources EntityType
      EntityRole DetailedEntityRole FileName FolderPath SHA1 SHA256 FileSize ThreatFamily RemoteIP RemoteUrl
      AccountName AccountDomain AccountSid AccountObjectId AccountUpn DeviceId DeviceName LocalIP
      NetworkMessageId EmailSubject EmailClusterId Application ApplicationId OAuthApplicationId
      ProcessCommandLine RegistryKey RegistryValueName RegistryValueData AdditionalFields
    `,
  }),
  defineTable({
    name: 'ExposureGraphNodes',
    description: 'Things in the exposure graph',
    category: 'exposure',
    status: 'preview',
    surface: 'xdr',
    columns: `
      NodeId NodeLabel NodeName Categories:dynamic NodeProperties EntityIds
    `,
  }),
  defineTable({
    name: 'ExposureGraphEdges',
    description: 'Relations between things in the exposure graph',
    category: 'exposure',
    status: 'preview',
    surface: 'xdr',
    columns: `
      EdgeId EdgeLabel SourceNodeId SourceNodeName SourceNodeLabel SourceNodeCategories TargetNodeId
      TargetNodeName TargetNodeLabel TargetNodeCategories EdgeProperties
    `,
  }),
];
