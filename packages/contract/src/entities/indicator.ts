import { type Static, Type } from 'typebox';
import { choice, flag, integer, listOf, nullable, record, text, time } from './schema.ts';

export const indicatorTypes = [
  'FileSha1',
  'FileSha256',
  'FileMd5',
  'CertificateThumbprint',
  'IpAddress',
  'DomainName',
  'Url',
] as const;
export type IndicatorType = (typeof indicatorTypes)[number];

/** Alert and AlertAndBlock are those of 2020, which clients still send. */
export const indicatorActions = [
  'Warn',
  'Block',
  'Audit',
  'Alert',
  'AlertAndBlock',
  'BlockAndRemediate',
  'Allowed',
] as const;
export type IndicatorAction = (typeof indicatorActions)[number];

export const indicatorSeverities = ['Informational', 'Low', 'Medium', 'High'] as const;
export type IndicatorSeverity = (typeof indicatorSeverities)[number];

export const indicatorSourceTypes = ['User', 'AadApp'] as const;

export const INDICATOR_LIMITS = {
  /** Active at once in a tenant. */
  active: 15_000,
  /** In one import or one deletion. */
  batch: 500,
  value: 4_096,
  title: 1_024,
  text: 10_000,
  name: 256,
  groups: 200,
} as const;

/** What of an indicator is about the certificate it names. */
export const IndicatorCertificate = record(
  {
    issuer: text('Who issued it.'),
    serial: text('Serial number.'),
    sha256: text('SHA-256 of it.'),
    subject: text('Whom it names.'),
  },
  'A certificate.',
);

export const Indicator = record(
  {
    id: text('Id of the indicator: digits.'),
    indicatorValue: text('What is looked for, as it was said last.'),
    indicatorType: choice(indicatorTypes, 'What kind of value it is.'),
    action: choice(indicatorActions, 'What is done when it is met.'),
    application: nullable(text('Program the indicator belongs to; as it was said first.')),
    source: nullable(text('Name of who made it.')),
    sourceType: nullable(choice(indicatorSourceTypes, 'Whether a person or a program made it.')),
    externalId: nullable(text('Id the caller gave it.')),
    createdBy: text('Who made it: user principal name or application id.'),
    createdByDisplayName: nullable(text('Name of who made it.')),
    createdBySource: nullable(text('Where it was made, such as Portal or PublicApi.')),
    lastUpdatedBy: nullable(text('Who changed it last.')),
    creationTimeDateTimeUtc: time('When it was made.'),
    expirationTime: nullable(time('When it ceases; null for never.')),
    lastUpdateTime: nullable(time('When it last changed.')),
    severity: nullable(choice(indicatorSeverities, 'Severity of its alerts.')),
    title: text('Title of its alerts.'),
    description: nullable(text('Description of its alerts.')),
    recommendedActions: nullable(text('What to do about its alerts.')),
    rbacGroupNames: listOf(Type.String(), 'Device groups it is for. Empty: all devices.'),
    rbacGroupIds: listOf(Type.String(), 'Ids of those device groups.'),
    generateAlert: flag('Whether it raises alerts.'),
    educateUrl: nullable(text('Page for people who are kept from an address.')),
    notificationId: nullable(text('Not used here.')),
    notificationBody: nullable(text('Not used here.')),
    bypassDurationHours: nullable(integer('Not used here: nothing goes past a warning.')),
    historicalDetection: flag('Whether it is looked for in past events too.'),
    lookBackPeriod: nullable(text('How far back, as an ISO 8601 duration of days: P30D.')),
    category: nullable(integer('Not used here.')),
    version: nullable(text('Counts its changes.')),
    additionalInfo: nullable(text('Not used here.')),
    certificateInfo: nullable(IndicatorCertificate),
  },
  'A value to look for on devices, and what to do about it.',
);
export type Indicator = Static<typeof Indicator>;

const optional = (maxLength: number, description: string) =>
  Type.Optional(nullable(Type.String({ maxLength, description })));

/** What clients send back of an indicator they read. It is theirs to read, not to say. */
const readOnly = Type.Optional(
  Type.Unknown({ description: 'Taken and not used: it is the server’s to say.' }),
);

/** `POST /api/indicators`, and each item of an import. Choices are taken in any letter case. */
export const IndicatorRequest = Type.Object(
  {
    indicatorValue: Type.String({ minLength: 1, maxLength: INDICATOR_LIMITS.value, description: 'Value.' }),
    indicatorType: Type.String({ maxLength: 64, description: `One of ${indicatorTypes.join(', ')}.` }),
    action: Type.String({ maxLength: 64, description: `One of ${indicatorActions.join(', ')}.` }),
    title: Type.String({ minLength: 1, maxLength: INDICATOR_LIMITS.title, description: 'Title.' }),
    description: Type.String({ maxLength: INDICATOR_LIMITS.text, description: 'Description.' }),
    application: optional(INDICATOR_LIMITS.name, 'Program it belongs to. Only said once.'),
    expirationTime: optional(64, 'ISO 8601; UTC when it names no zone. In the future.'),
    severity: optional(64, `One of ${indicatorSeverities.join(', ')}. Informational when left out.`),
    recommendedActions: optional(INDICATOR_LIMITS.text, 'What to do about its alerts.'),
    rbacGroupNames: Type.Optional(
      Type.Union(
        [
          Type.Array(Type.String({ maxLength: INDICATOR_LIMITS.name }), {
            maxItems: INDICATOR_LIMITS.groups,
          }),
          Type.String({ maxLength: INDICATOR_LIMITS.text }),
          Type.Null(),
        ],
        { description: 'Names of device groups: a list, or one text with commas. Empty: all devices.' },
      ),
    ),
    rbacGroupIds: Type.Optional(
      Type.Union(
        [
          Type.Array(Type.Union([Type.String({ maxLength: 16 }), Type.Integer()]), {
            maxItems: INDICATOR_LIMITS.groups,
          }),
          Type.Null(),
        ],
        { description: 'Their ids, instead of their names.' },
      ),
    ),
    generateAlert: Type.Optional(
      Type.Union([Type.Boolean(), Type.String({ maxLength: 8 }), Type.Null()], {
        description: 'True or false, also as text. Needed for Audit.',
      }),
    ),
    educateUrl: optional(INDICATOR_LIMITS.value, 'Page for people who are kept from an address.'),
    externalId: optional(INDICATOR_LIMITS.name, 'Your own id for it.'),
    historicalDetection: Type.Optional(
      Type.Union([Type.Boolean(), Type.Null()], {
        description: 'Whether to look for it in past events too. As generateAlert when left out.',
      }),
    ),
    lookBackPeriod: optional(16, 'How far back: days, or an ISO 8601 duration of them. 30 days at most.'),
    id: readOnly,
    source: readOnly,
    sourceType: readOnly,
    createdBy: readOnly,
    createdByDisplayName: readOnly,
    createdBySource: readOnly,
    lastUpdatedBy: readOnly,
    creationTimeDateTimeUtc: readOnly,
    lastUpdateTime: readOnly,
    notificationId: readOnly,
    notificationBody: readOnly,
    bypassDurationHours: readOnly,
    category: readOnly,
    version: readOnly,
    additionalInfo: readOnly,
    certificateInfo: readOnly,
  },
  { additionalProperties: false },
);
export type IndicatorRequest = Static<typeof IndicatorRequest>;

const items = Type.Optional(
  Type.Array(
    Type.Object({}, { additionalProperties: true, description: 'As for one: see POST /api/indicators.' }),
    { description: `At most ${INDICATOR_LIMITS.batch}. Each stands for itself.` },
  ),
);

/** `POST /api/indicators/import`. */
export const IndicatorImport = Type.Object(
  { Indicators: items, indicators: items },
  { additionalProperties: false },
);

export const IndicatorImportResult = record(
  {
    id: nullable(text('Id of the indicator; null where there is none.')),
    indicator: text('The value, as it came.'),
    isFailed: flag('Whether it was not taken.'),
    failureReason: nullable(text('Why not.')),
  },
  'What became of one indicator of an import.',
);
export type IndicatorImportResult = Static<typeof IndicatorImportResult>;

export const IndicatorImportAnswer = record(
  { value: listOf(IndicatorImportResult, 'One for each, in their order.') },
  'What became of an import.',
);

/** `POST /api/indicators/BatchDelete`. */
export const IndicatorBatchDelete = Type.Object(
  {
    IndicatorIds: Type.Array(Type.Union([Type.String({ maxLength: 32 }), Type.Integer()]), {
      description: `1 to ${INDICATOR_LIMITS.batch} ids. All of them or none.`,
    }),
  },
  { additionalProperties: false },
);

/** `POST /api/files/{hash}/block` and `unblock`. */
export const FileBlockRequest = Type.Object(
  { Comment: Type.Optional(Type.String({ maxLength: 4_000, description: 'Why. Becomes the description.' })) },
  { additionalProperties: false },
);
