/** Incidents as `/api/incidents` shows them. Shapes: learn.microsoft.com/defender-xdr/api-list-incidents, api-update-incidents. */
import { type Static, Type } from 'typebox';
import {
  AlertComment,
  AlertEvidence,
  AlertLoggedOnUser,
  alertClassifications,
  alertDeterminations,
  alertSeverities,
  alertStatuses,
  investigationStates,
} from './alert.ts';
import { healthStatuses, onboardingStatuses, riskScores } from './machine.ts';
import { choice, integer, listOf, nullable, record, text, time } from './schema.ts';

/** `Redirected`: it became part of another; `redirectIncidentId` says of which. */
export const incidentStatuses = ['Active', 'InProgress', 'Resolved', 'Redirected'] as const;
export type IncidentStatus = (typeof incidentStatuses)[number];

/** Here what was not said has a name. */
export const incidentClassifications = ['Unknown', ...alertClassifications] as const;
export const incidentDeterminations = ['NotAvailable', ...alertDeterminations] as const;

export const IncidentDevice = record(
  {
    mdatpDeviceId: text('Device id: 40 hex digits.'),
    aadDeviceId: nullable(text('Id of the device in the cloud directory, a GUID.')),
    deviceDnsName: nullable(text('Name of the device.')),
    osPlatform: nullable(text('Operating system.')),
    version: nullable(text('Version of the operating system.')),
    osProcessor: nullable(text('Processor.')),
    osBuild: nullable(integer('Build of the operating system.')),
    healthStatus: nullable(choice(healthStatuses, 'Health of the sensor.')),
    riskScore: nullable(choice(riskScores, 'Risk of the device now.')),
    rbacGroupId: nullable(integer('Device group.')),
    rbacGroupName: nullable(text('Name of the device group.')),
    firstSeen: nullable(time('When the device was first seen.')),
    tags: listOf(Type.String(), 'Tags of the device.'),
    defenderAvStatus: nullable(text('State of the antivirus.')),
    onboardingStatus: nullable(choice(onboardingStatuses, 'Whether the device is onboarded.')),
    loggedOnUsers: listOf(AlertLoggedOnUser, 'Users signed in to the device at the time.'),
  },
  'A device of an incident.',
);
export type IncidentDevice = Static<typeof IncidentDevice>;

export const IncidentAlert = record(
  {
    alertId: text('Id of the alert.'),
    providerAlertId: text('Id of the alert where it was raised: the same.'),
    incidentId: integer('The incident.'),
    serviceSource: text('What raised it.'),
    creationTime: time('When the alert was raised.'),
    lastUpdatedTime: time('When the alert last changed.'),
    resolvedTime: nullable(time('When it was resolved.')),
    firstActivity: time('First event that belongs to it.'),
    lastActivity: time('Last event that belongs to it.'),
    title: text('One line that says what happened.'),
    description: text('What happened and why it matters.'),
    category: text('Kind of threat, or stage of the attack.'),
    status: choice(alertStatuses, 'How far the work on it is.'),
    severity: choice(alertSeverities, 'How grave it is.'),
    investigationId: nullable(integer('Automated investigation of the alert.')),
    investigationState: nullable(choice(investigationStates, 'How far its automated investigation is.')),
    classification: nullable(choice(alertClassifications, 'Whether it was right.')),
    determination: nullable(choice(alertDeterminations, 'What it was about.')),
    detectionSource: text('Technique or sensor that found it.'),
    detectorId: nullable(text('Id of the rule that found it.')),
    assignedTo: nullable(text('Who owns the alert.')),
    actorName: nullable(text('Group behind it, when known.')),
    threatFamilyName: nullable(text('Family of the threat.')),
    mitreTechniques: listOf(Type.String(), 'MITRE ATT&CK techniques.'),
    linkReasons: listOf(
      Type.String(),
      'Why it is in this incident: ProcessLineage, SameFile, SameUrl, SameIp, SameUser or ProximateTime. Empty for the first.',
    ),
    devices: listOf(IncidentDevice, 'Devices of the alert.'),
    entities: listOf(AlertEvidence, 'Entities of the alert.'),
  },
  'An alert of an incident.',
);
export type IncidentAlert = Static<typeof IncidentAlert>;

export const Incident = record(
  {
    incidentId: integer('Id of the incident.'),
    incidentUri: text('Its page in the portal.'),
    redirectIncidentId: nullable(integer('The incident that this one became part of.')),
    incidentName: text('One line that says what it is about.'),
    createdTime: time('When it began.'),
    lastUpdateTime: time('When it, or one of its alerts, last changed.'),
    assignedTo: nullable(text('Who owns it.')),
    classification: choice(incidentClassifications, 'Whether it was right.'),
    determination: choice(incidentDeterminations, 'What it was about.'),
    status: choice(incidentStatuses, 'How far the work on it is. Resolved: all its alerts are.'),
    severity: choice(alertSeverities, 'That of its gravest alert.'),
    tags: listOf(Type.String(), 'Tags given to it.'),
    comments: listOf(AlertComment, 'Comments, oldest first.'),
    alerts: listOf(IncidentAlert, 'Its alerts, those that the caller may see.'),
  },
  'Alerts that tell of one story.',
);
export type Incident = Static<typeof Incident>;

/** `PATCH /api/incidents/{id}`. What is left out stays as it is; a comment is added to those there are. */
export const IncidentUpdate = Type.Object(
  {
    status: Type.Optional(choice(['Active', 'InProgress', 'Resolved'], 'Resolved: so are all its alerts.')),
    assignedTo: Type.Optional(
      Type.String({ maxLength: 256, description: 'Who owns it, and its alerts. Empty: nobody.' }),
    ),
    classification: Type.Optional(
      choice(incidentClassifications, 'Whether it was right. `Unknown` takes the answer back.'),
    ),
    determination: Type.Optional(
      choice(incidentDeterminations, 'What it was about. `NotAvailable` takes the answer back.'),
    ),
    tags: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
        maxItems: 100,
        description: 'The tags it shall have.',
      }),
    ),
    comment: Type.Optional(Type.String({ minLength: 1, maxLength: 4000, description: 'Comment to add.' })),
  },
  { additionalProperties: false, minProperties: 1, description: 'Changes to an incident.' },
);
export type IncidentUpdate = Static<typeof IncidentUpdate>;
