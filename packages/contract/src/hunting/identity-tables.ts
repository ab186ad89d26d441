import { defineTable } from './define-table.ts';

/** People, mail and cloud applications. */
export const identityTables = [
  defineTable({
    name: 'IdentityInfo',
    description: 'People and their accounts',
    category: 'identity',
    surface: 'xdr',
    legacyNames: ['AccountInfo'],
    columns: `
      Timestamp ReportId:string AccountObjectId AccountUpn OnPremSid AccountDisplayName AccountName
      AccountDomain Type DistinguishedName CloudSid GivenName Surname Department JobTitle EmailAddress
      SipProxyAddress Address City Country IsAccountEnabled Manager Phone CreatedDateTime SourceProvider
      ChangeSource Tags AssignedRoles PrivilegedEntraPimRoles TenantId SourceSystem
    `,
  }),
  defineTable({
    name: 'IdentityLogonEvents',
    description: 'Sign-ins to the directory and to online services',
    category: 'identity',
    surface: 'xdr',
    nearRealTime: true,
    columns: `
      Timestamp ActionType Application LogonType Protocol FailureReason AccountName AccountDomain AccountUpn
      AccountSid AccountObjectId AccountDisplayName DeviceName DeviceType OSPlatform IPAddress Port:int
      DestinationDeviceName DestinationIPAddress DestinationPort TargetDeviceName TargetAccountDisplayName
      Location Isp ReportId:string AdditionalFields
    `,
  }),
  defineTable({
    name: 'EmailEvents',
    description: 'Messages sent and received',
    category: 'email',
    surface: 'xdr',
    nearRealTime: true,
    columnRenames: {
      FinalEmailAction: 'EmailAction',
      FinalEmailActionPolicy: 'EmailActionPolicy',
      FinalEmailActionPolicyGuid: 'EmailActionPolicyGuid',
    },
    columnMerges: {
      ThreatTypes: ['MalwareFilterVerdict', 'PhishFilterVerdict'],
      DetectionMethods: ['MalwareDetectionMethod', 'PhishDetectionMethod'],
    },
    columns: `
      Timestamp NetworkMessageId InternetMessageId SenderMailFromAddress SenderFromAddress SenderDisplayName
      SenderObjectId SenderMailFromDomain SenderFromDomain SenderIPv4 SenderIPv6 RecipientEmailAddress
      RecipientObjectId Subject EmailClusterId:long EmailDirection DeliveryAction DeliveryLocation
      ThreatTypes ThreatNames DetectionMethods ConfidenceLevel BulkComplaintLevel EmailAction
      EmailActionPolicy EmailActionPolicyGuid AuthenticationDetails AttachmentCount UrlCount EmailLanguage
      Connectors OrgLevelAction OrgLevelPolicy UserLevelAction UserLevelPolicy ReportId:string
      AdditionalFields LatestDeliveryLocation LatestDeliveryAction
    `,
  }),
  defineTable({
    name: 'CloudAppEvents',
    description: 'Activity in cloud applications',
    category: 'cloud',
    surface: 'xdr',
    nearRealTime: true,
    supersedes: ['AppFileEvents'],
    columns: `
      Timestamp ActionType Application ApplicationId AppInstanceId AccountObjectId AccountId
      AccountDisplayName IsAdminOperation DeviceType OSPlatform IPAddress IsAnonymousProxy CountryCode City
      Isp UserAgent ActivityType ActivityObjects ObjectName ObjectType ObjectId ReportId:string AccountType
      IsExternalUser IsImpersonated IPTags IPCategory UserAgentTags RawEventData AdditionalFields
      LastSeenForUser UncommonForUser AuditSource SessionData OAuthAppId
    `,
  }),
];
