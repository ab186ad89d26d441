/**
 * Alerts and incidents as Graph shows them, under `/v1.0/security`. Shapes: learn.microsoft.com/graph/api/resources/security-alert, security-incident and
 * those of the kinds of evidence.
 */
import { type Static, Type } from 'typebox';
import type { AlertClassification, AlertDetermination, AlertSeverity, AlertStatus } from './alert.ts';
import type { IncidentStatus } from './incident.ts';
import { choice, listOf, nullable, record, text, time } from './schema.ts';

/** Graph's word for each of ours. */
export const graphAlertStatusOf = {
  Unknown: 'unknown',
  New: 'new',
  InProgress: 'inProgress',
  Resolved: 'resolved',
} as const satisfies Record<AlertStatus, string>;

export const graphIncidentStatusOf = {
  Active: 'active',
  InProgress: 'inProgress',
  Resolved: 'resolved',
  Redirected: 'redirected',
} as const satisfies Record<IncidentStatus, string>;

export const graphSeverityOf = {
  UnSpecified: 'unknown',
  Informational: 'informational',
  Low: 'low',
  Medium: 'medium',
  High: 'high',
} as const satisfies Record<AlertSeverity, string>;

export const graphClassificationOf = {
  TruePositive: 'truePositive',
  InformationalExpectedActivity: 'informationalExpectedActivity',
  FalsePositive: 'falsePositive',
} as const satisfies Record<AlertClassification, string>;

export const graphDeterminationOf = {
  MultiStagedAttack: 'multiStagedAttack',
  MaliciousUserActivity: 'maliciousUserActivity',
  CompromisedUser: 'compromisedAccount',
  Malware: 'malware',
  Phishing: 'phishing',
  UnwantedSoftware: 'unwantedSoftware',
  SecurityTesting: 'securityTesting',
  LineOfBusinessApplication: 'lineOfBusinessApplication',
  ConfirmedUserActivity: 'confirmedUserActivity',
  Clean: 'notMalicious',
  InsufficientData: 'notEnoughDataToValidate',
  Other: 'other',
} as const satisfies Record<AlertDetermination, string>;

const UNKNOWN = 'unknown';
export const graphAlertStatuses = Object.values(graphAlertStatusOf);
export const graphIncidentStatuses = Object.values(graphIncidentStatusOf);
/** From least to most. */
export const graphSeverities = Object.values(graphSeverityOf);
/** Here what was not said has a name. */
export const graphClassifications = [UNKNOWN, ...Object.values(graphClassificationOf)] as const;
export const graphDeterminations = [UNKNOWN, ...Object.values(graphDeterminationOf)] as const;

export const GraphComment = record(
  {
    '@odata.type': Type.Literal('#microsoft.graph.security.alertComment'),
    comment: text('What was said.'),
    createdByDisplayName: text('Who said it.'),
    createdDateTime: time('When it was said.'),
  },
  'A comment.',
);
export type GraphComment = Static<typeof GraphComment>;

export const GraphAlert = record(
  {
    id: text('Id of the alert.'),
    providerAlertId: text('Id of the alert where it was raised: the same.'),
    incidentId: text('Incident it is part of.'),
    status: choice(graphAlertStatuses, 'How far the work on it is.'),
    severity: choice(graphSeverities, 'How grave it is.'),
    classification: choice(graphClassifications, 'Whether it was right.'),
    determination: choice(graphDeterminations, 'What it was about.'),
    serviceSource: text('What raised it: microsoftDefenderForEndpoint.'),
    detectionSource: text('Technique or sensor that found it.'),
    productName: text('Product that raised it.'),
    detectorId: nullable(text('Id of the rule that found it.')),
    tenantId: text('Tenant it belongs to, a GUID.'),
    title: text('One line that says what happened.'),
    description: text('What happened and why it matters.'),
    recommendedActions: nullable(text('What to do about it.')),
    category: text('Kind of threat, or stage of the attack.'),
    assignedTo: nullable(text('Who owns it.')),
    alertWebUrl: text('Its page in the portal.'),
    incidentWebUrl: text('The page of its incident in the portal.'),
    actorDisplayName: nullable(text('Group behind it, when known.')),
    threatDisplayName: nullable(text('Name of the threat.')),
    threatFamilyName: nullable(text('Family of the threat.')),
    mitreTechniques: listOf(Type.String(), 'MITRE ATT&CK techniques.'),
    createdDateTime: time('When it was raised.'),
    lastUpdateDateTime: time('When it last changed.'),
    resolvedDateTime: nullable(time('When it was resolved.')),
    firstActivityDateTime: time('First event that belongs to it.'),
    lastActivityDateTime: time('Last event that belongs to it.'),
    systemTags: listOf(Type.String(), 'Tags that the service gives: none.'),
    comments: listOf(GraphComment, 'Comments, oldest first.'),
    evidence: listOf(
      Type.Record(Type.String(), Type.Unknown()),
      'Entities that belong to it: the device first, then each by its `@odata.type`.',
    ),
  },
  'A finding that someone should look at, as Graph shows it.',
);
export type GraphAlert = Static<typeof GraphAlert>;

export const GraphIncident = record(
  {
    id: text('Id of the incident.'),
    tenantId: text('Tenant it belongs to, a GUID.'),
    status: choice(graphIncidentStatuses, 'How far the work on it is. resolved: all its alerts are.'),
    incidentWebUrl: text('Its page in the portal.'),
    redirectIncidentId: nullable(text('The incident that this one became part of.')),
    displayName: text('One line that says what it is about.'),
    createdDateTime: time('When it began.'),
    lastUpdateDateTime: time('When it, or one of its alerts, last changed.'),
    assignedTo: nullable(text('Who owns it.')),
    classification: choice(graphClassifications, 'Whether it was right.'),
    determination: choice(graphDeterminations, 'What it was about.'),
    severity: choice(graphSeverities, 'That of its gravest alert.'),
    customTags: listOf(Type.String(), 'Tags given to it.'),
    systemTags: listOf(Type.String(), 'Tags that the service gives: none.'),
    description: nullable(text('What happened.')),
    comments: listOf(GraphComment, 'Comments, oldest first.'),
    alerts: Type.Optional(
      listOf(GraphAlert, 'Its alerts, those that the caller may see. Only with `$expand=alerts`.'),
    ),
  },
  'Alerts that tell of one story, as Graph shows them.',
);
export type GraphIncident = Static<typeof GraphIncident>;

const verdict = {
  assignedTo: Type.Optional(
    nullable(Type.String({ maxLength: 256, description: 'Who owns it. Null or empty: nobody.' })),
  ),
  classification: Type.Optional(
    choice(graphClassifications, 'Whether it was right. `unknown` takes the answer back.'),
  ),
  determination: Type.Optional(
    choice(graphDeterminations, 'What it was about. `unknown` takes the answer back.'),
  ),
};
/** Libraries send it with each entity. */
const typed = { '@odata.type': Type.Optional(text('Type of the entity.')) };

/** `PATCH /v1.0/security/alerts_v2/{id}`. */
export const GraphAlertUpdate = Type.Object(
  {
    ...typed,
    ...verdict,
    status: Type.Optional(choice(['new', 'inProgress', 'resolved'], 'How far the work on it is.')),
  },
  { additionalProperties: false, minProperties: 1, description: 'Changes to an alert.' },
);
export type GraphAlertUpdate = Static<typeof GraphAlertUpdate>;

/** `PATCH /v1.0/security/incidents/{id}`. */
export const GraphIncidentUpdate = Type.Object(
  {
    ...typed,
    ...verdict,
    status: Type.Optional(choice(['active', 'inProgress', 'resolved'], 'resolved: so are all its alerts.')),
    displayName: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'What it shall be called.' }),
    ),
    customTags: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
        maxItems: 100,
        description: 'The tags it shall have.',
      }),
    ),
  },
  { additionalProperties: false, minProperties: 1, description: 'Changes to an incident.' },
);
export type GraphIncidentUpdate = Static<typeof GraphIncidentUpdate>;

/** `POST …/comments`. */
export const GraphCommentRequest = Type.Object(
  { ...typed, comment: Type.String({ minLength: 1, maxLength: 4000, description: 'What to say.' }) },
  { additionalProperties: false, description: 'A comment to add.' },
);
export type GraphCommentRequest = Static<typeof GraphCommentRequest>;
