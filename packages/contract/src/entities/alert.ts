import { type Static, Type } from 'typebox';
import { choice, integer, listOf, nullable, record, text, time } from './schema.ts';

export const alertSeverities = ['UnSpecified', 'Informational', 'Low', 'Medium', 'High'] as const;
export type AlertSeverity = (typeof alertSeverities)[number];

export const alertStatuses = ['Unknown', 'New', 'InProgress', 'Resolved'] as const;
export type AlertStatus = (typeof alertStatuses)[number];

export const alertClassifications = [
  'TruePositive',
  'InformationalExpectedActivity',
  'FalsePositive',
] as const;
export type AlertClassification = (typeof alertClassifications)[number];

/** Determinations, by the classification they explain. The service does not refuse other pairs. */
export const alertDeterminationsOf = {
  TruePositive: [
    'MultiStagedAttack',
    'MaliciousUserActivity',
    'CompromisedUser',
    'Malware',
    'Phishing',
    'UnwantedSoftware',
    'Other',
  ],
  InformationalExpectedActivity: [
    'SecurityTesting',
    'LineOfBusinessApplication',
    'ConfirmedUserActivity',
    'Other',
  ],
  FalsePositive: ['Clean', 'InsufficientData', 'Other'],
} as const satisfies Record<AlertClassification, readonly string[]>;

export const alertDeterminations = [
  'MultiStagedAttack',
  'MaliciousUserActivity',
  'CompromisedUser',
  'Malware',
  'Phishing',
  'UnwantedSoftware',
  'SecurityTesting',
  'LineOfBusinessApplication',
  'ConfirmedUserActivity',
  'Clean',
  'InsufficientData',
  'Other',
] as const;
export type AlertDetermination = (typeof alertDeterminations)[number];

/** Other spellings clients send -> what is kept; null clears the property. `Unknown` and `NotAvailable` are of 2020. */
export const alertClassificationAliases = { Unknown: null } as const satisfies Record<
  string,
  AlertClassification | null
>;
export const alertDeterminationAliases = {
  NotAvailable: null,
  NotMalicious: 'Clean',
  ConfirmedActivity: 'ConfirmedUserActivity',
} as const satisfies Record<string, AlertDetermination | null>;

export const investigationStates = [
  'Unknown',
  'Terminated',
  'SuccessfullyRemediated',
  'Benign',
  'Failed',
  'PartiallyRemediated',
  'Running',
  'PendingApproval',
  'PendingResource',
  'PartiallyInvestigated',
  'TerminatedByUser',
  'TerminatedBySystem',
  'Queued',
  'InnerFailure',
  'PreexistingAlert',
  'UnsupportedOs',
  'UnsupportedAlertType',
  'SuppressedAlert',
] as const;
export type InvestigationState = (typeof investigationStates)[number];

export const evidenceEntityTypes = ['User', 'Process', 'File', 'Url', 'Ip', 'Registry'] as const;
export type EvidenceEntityType = (typeof evidenceEntityTypes)[number];

export const AlertComment = record(
  {
    comment: text('What was said.'),
    createdBy: text('User principal name, or name of the application, that said it.'),
    createdTime: time('When it was said.'),
  },
  'A comment on an alert.',
);
export type AlertComment = Static<typeof AlertComment>;

export const AlertRelatedUser = record(
  { userName: text('User name.'), domainName: text('Domain of the user.') },
  'The user an alert is about.',
);
export type AlertRelatedUser = Static<typeof AlertRelatedUser>;

export const AlertLoggedOnUser = record(
  { accountName: text('User name.'), domainName: text('Domain of the user.') },
  'A user who was signed in to the device.',
);
export type AlertLoggedOnUser = Static<typeof AlertLoggedOnUser>;

/** Flat: every key is present whatever the type of entity, and null where it does not apply. */
export const AlertEvidence = record(
  {
    entityType: choice(
      evidenceEntityTypes,
      'What the entity is; says which of the other properties are filled.',
    ),
    evidenceCreationTime: nullable(time('When the entity was added to the alert.')),
    sha1: nullable(text('SHA-1 of the file, or of the image of the process.')),
    sha256: nullable(text('SHA-256 of the file, or of the image of the process.')),
    fileName: nullable(text('Name of the file, or of the image of the process.')),
    filePath: nullable(text('Folder of the file, without its name.')),
    processId: nullable(integer('PID of the process.')),
    processCommandLine: nullable(text('Command line of the process.')),
    processCreationTime: nullable(time('Start of the process.')),
    parentProcessId: nullable(integer('PID of the parent of the process.')),
    parentProcessCreationTime: nullable(time('Start of the parent of the process.')),
    parentProcessFileName: nullable(text('Image name of the parent of the process.')),
    parentProcessFilePath: nullable(text('Folder of the image of the parent of the process.')),
    ipAddress: nullable(text('IP address.')),
    url: nullable(text('URL or host name.')),
    registryKey: nullable(text('Registry key, without its hive.')),
    registryHive: nullable(text('Hive of the registry key.')),
    registryValueType: nullable(text('Data type of the registry value.')),
    registryValueName: nullable(text('Name of the registry value.')),
    registryValue: nullable(text('Data of the registry value.')),
    accountName: nullable(text('User name of the account.')),
    domainName: nullable(text('Domain of the account.')),
    userSid: nullable(text('Security identifier of the account.')),
    aadUserId: nullable(text('Id of the account in the cloud directory, a GUID.')),
    userPrincipalName: nullable(text('User principal name of the account.')),
    detectionStatus: nullable(text('What became of the entity, such as Detected, Blocked or Prevented.')),
  },
  'An entity that belongs to an alert.',
);
export type AlertEvidence = Static<typeof AlertEvidence>;

export const Alert = record(
  {
    id: text('Id of the alert: `da<digits>_<signed integer>`.'),
    incidentId: nullable(integer('Incident the alert is part of.')),
    investigationId: nullable(integer('Automated investigation of the alert.')),
    assignedTo: nullable(text('Who owns the alert.')),
    severity: choice(alertSeverities, 'How grave it is.'),
    status: choice(alertStatuses, 'How far the work on it is.'),
    classification: nullable(choice(alertClassifications, 'Whether it was right.')),
    determination: nullable(choice(alertDeterminations, 'What it was about.')),
    investigationState: nullable(choice(investigationStates, 'How far its automated investigation is.')),
    detectionSource: text('Technique or sensor that found it.'),
    detectorId: nullable(text('Id of the rule that found it, a GUID.')),
    category: text('Kind of threat, or stage of the attack.'),
    threatFamilyName: nullable(text('Family of the threat.')),
    threatName: nullable(text('Name of the threat.')),
    title: text('One line that says what happened.'),
    description: text('What happened and why it matters.'),
    recommendedAction: nullable(text('What to do about it.')),
    alertCreationTime: nullable(time('When the alert was raised.')),
    firstEventTime: nullable(time('First event that belongs to it.')),
    lastEventTime: nullable(time('Last event that belongs to it.')),
    lastUpdateTime: nullable(time('When the alert last changed.')),
    resolvedTime: nullable(time('When its status became Resolved.')),
    machineId: nullable(text('Device it is about: 40 hex digits.')),
    computerDnsName: nullable(text('Name of that device.')),
    rbacGroupName: nullable(text('Device group of that device.')),
    aadTenantId: text('Tenant it belongs to, a GUID.'),
    mitreTechniques: listOf(Type.String(), 'MITRE ATT&CK techniques, such as T1059.004.'),
    relatedUser: nullable(AlertRelatedUser),
    loggedOnUsers: nullable(listOf(AlertLoggedOnUser, 'Users signed in to the device at the time.')),
    comments: listOf(AlertComment, 'Comments, oldest first.'),
    evidence: listOf(
      AlertEvidence,
      'Entities that belong to it. In lists empty unless `$expand=evidence` is asked for.',
    ),
  },
  'A finding that someone should look at.',
);
export type Alert = Static<typeof Alert>;

const namesOf = <T extends object>(aliases: T) => Object.keys(aliases) as Extract<keyof T, string>[];

const changes = {
  status: Type.Optional(choice(['New', 'InProgress', 'Resolved'], 'How far the work on it is.')),
  assignedTo: Type.Optional(
    Type.String({ maxLength: 256, description: 'Who owns the alert. Empty: nobody.' }),
  ),
  classification: Type.Optional(
    choice(
      [...alertClassifications, ...namesOf(alertClassificationAliases)],
      'Whether it was right. `Unknown` takes the answer back.',
    ),
  ),
  determination: Type.Optional(
    choice(
      [...alertDeterminations, ...namesOf(alertDeterminationAliases)],
      'What it was about. `NotAvailable` takes the answer back.',
    ),
  ),
  comment: Type.Optional(Type.String({ minLength: 1, maxLength: 4000, description: 'Comment to add.' })),
};

/** `PATCH /api/alerts/{id}`. What is left out stays as it is; a comment is added to those there are. */
export const AlertUpdate = Type.Object(changes, {
  additionalProperties: false,
  minProperties: 1,
  description: 'Changes to an alert.',
});
export type AlertUpdate = Static<typeof AlertUpdate>;

/** `POST /api/alerts/batchUpdate`. */
export const AlertBatchUpdate = Type.Object(
  {
    alertIds: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      minItems: 1,
      description: 'The alerts to change.',
    }),
    ...changes,
  },
  { additionalProperties: false, minProperties: 2, description: 'One change to many alerts.' },
);
export type AlertBatchUpdate = Static<typeof AlertBatchUpdate>;

/** Categories that `CreateAlertByReference` takes. */
export const customAlertCategories = [
  'General',
  'CommandAndControl',
  'Collection',
  'CredentialAccess',
  'DefenseEvasion',
  'Discovery',
  'Exfiltration',
  'Exploit',
  'Execution',
  'InitialAccess',
  'LateralMovement',
  'Malware',
  'Persistence',
  'PrivilegeEscalation',
  'Ransomware',
  'SuspiciousActivity',
] as const;

const required = (description: string, maxLength: number) =>
  Type.String({ minLength: 1, maxLength, description });

/** `POST /api/alerts/CreateAlertByReference`. */
export const AlertByReference = Type.Object(
  {
    eventTime: required(
      'Timestamp of the event, exactly as hunting shows it, with seven fraction digits.',
      40,
    ),
    reportId: required('ReportId of the event, as text.', 20),
    machineId: required('Device of the event.', 256),
    severity: choice(['Low', 'Medium', 'High'], 'How grave it is.'),
    title: required('One line that says what happened.', 256),
    description: required('What happened and why it matters.', 16_000),
    recommendedAction: required('What to do about it.', 16_000),
    category: choice(customAlertCategories, 'Kind of threat, or stage of the attack.'),
  },
  { additionalProperties: false, description: 'An event, and the alert it shall become.' },
);
export type AlertByReference = Static<typeof AlertByReference>;
