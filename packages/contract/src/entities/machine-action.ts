import { type Static, Type } from 'typebox';
import { choice, integer, listOf, nullable, record, text, time } from './schema.ts';

export const machineActionTypes = [
  'RunAntiVirusScan',
  'Offboard',
  'LiveResponse',
  'CollectInvestigationPackage',
  'Isolate',
  'Unisolate',
  'StopAndQuarantineFile',
  'RestrictCodeExecution',
  'UnrestrictCodeExecution',
  /** Ours: the way back of StopAndQuarantineFile, which the service has in its portal only. */
  'RestoreQuarantinedFile',
] as const;
export type MachineActionType = (typeof machineActionTypes)[number];

export const machineActionStatuses = [
  'Pending',
  'InProgress',
  'Succeeded',
  'Failed',
  'TimeOut',
  'Cancelled',
] as const;
export type MachineActionStatus = (typeof machineActionStatuses)[number];

/** Full and Selective for isolation, Quick, Full and Custom (ours) for a scan. */
export const machineActionScopes = ['Full', 'Selective', 'Quick', 'Custom'] as const;
export type MachineActionScope = (typeof machineActionScopes)[number];

export const fileIdentifierTypes = ['Sha1', 'Sha256', 'Md5'] as const;
export const liveResponseCommandTypes = ['PutFile', 'RunScript', 'GetFile'] as const;
export const liveResponseCommandStatuses = ['Created', 'Completed', 'Failed'] as const;

export const RelatedFileInfo = record(
  {
    fileIdentifier: text('Hash of the file.'),
    fileIdentifierType: choice(fileIdentifierTypes, 'Which hash it is.'),
  },
  'The file an action is about.',
);
export type RelatedFileInfo = Static<typeof RelatedFileInfo>;

export const LiveResponseCommandRequest = record(
  {
    type: choice(liveResponseCommandTypes, 'What to do.'),
    params: listOf(
      record({ key: text('Name of the parameter.'), value: text('Its value.') }, 'A parameter.'),
      'PutFile: FileName. RunScript: ScriptName, Args. GetFile: Path.',
    ),
  },
  'A live response command, as asked for.',
);
export type LiveResponseCommandRequest = Static<typeof LiveResponseCommandRequest>;

export const LiveResponseCommand = record(
  {
    index: integer('Place in the order of commands, from 0.'),
    startTime: nullable(time('When it began.')),
    endTime: nullable(time('When it ended.')),
    commandStatus: choice(liveResponseCommandStatuses, 'How far it is.'),
    errors: listOf(Type.String(), 'What went wrong.'),
    command: LiveResponseCommandRequest,
  },
  'A live response command, as carried out.',
);
export type LiveResponseCommand = Static<typeof LiveResponseCommand>;

export const FileInstance = record(
  { filePath: text('Where the file lies.'), status: text('What became of it.') },
  'A copy of a file on a device.',
);
export type FileInstance = Static<typeof FileInstance>;

export const MachineAction = record(
  {
    id: text('Id of the action, a GUID.'),
    type: choice(machineActionTypes, 'What is done.'),
    title: nullable(text('One line for people.')),
    scope: nullable(choice(machineActionScopes, 'How far it goes. Only for isolation and scans.')),
    requestor: text('Who ordered it: user principal name or application id.'),
    requestorComment: nullable(text('Why it was ordered.')),
    requestSource: nullable(text('Where the order came from, such as Portal or PublicApi.')),
    externalId: nullable(text('Id the caller gave it.')),
    status: choice(machineActionStatuses, 'How far it is.'),
    machineId: text('Device it is carried out on: 40 hex digits.'),
    computerDnsName: nullable(text('Name of that device.')),
    creationDateTimeUtc: time('When it was ordered.'),
    lastUpdateDateTimeUtc: time('When it last changed.'),
    cancellationRequestor: nullable(text('Who cancelled it.')),
    cancellationComment: nullable(text('Why it was cancelled.')),
    cancellationDateTimeUtc: nullable(time('When it was cancelled.')),
    errorHResult: integer('Windows result code of a failure; 0 for none.'),
    troubleshootInfo: nullable(text('What helps to find the cause of a failure.')),
    commands: nullable(listOf(LiveResponseCommand, 'Commands. Only for live response.')),
    relatedFileInfo: nullable(RelatedFileInfo),
    error: Type.Optional(nullable(text('What went wrong. In answers of older versions.'))),
    fileId: Type.Optional(nullable(text('Id of the file. In answers of 2019.'))),
    sha1: Type.Optional(nullable(text('SHA-1 of the file. In answers of 2019.'))),
    fileInstances: Type.Optional(nullable(listOf(FileInstance, 'Copies of the file. In answers of 2019.'))),
  },
  'Something ordered to be done on a device.',
);
export type MachineAction = Static<typeof MachineAction>;

const comment = Type.String({ minLength: 1, maxLength: 4000, description: 'Why. Kept with the action.' });
const body = { additionalProperties: false } as const;

export const isolationTypes = ['Full', 'Selective', 'UnManagedDevice'] as const;
export type IsolationType = (typeof isolationTypes)[number];

/** `POST /api/machines/{id}/isolate`. */
export const IsolateRequest = Type.Object(
  {
    Comment: comment,
    IsolationType: Type.Optional(
      choice(isolationTypes, 'Full when left out. UnManagedDevice contains a device that is not enrolled.'),
    ),
  },
  body,
);
export type IsolateRequest = Static<typeof IsolateRequest>;

/** The body of every order that says no more than why. */
export const CommentRequest = Type.Object({ Comment: comment }, body);
export type CommentRequest = Static<typeof CommentRequest>;

export const scanTypes = ['Quick', 'Full', 'Custom'] as const;

/** `POST /api/machines/{id}/runAntiVirusScan`. */
export const ScanRequest = Type.Object(
  {
    Comment: comment,
    ScanType: choice(scanTypes, 'Custom scans the paths given, and is ours.'),
    Paths: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 4_096 }), {
        minItems: 1,
        maxItems: 100,
        description: 'Absolute paths to scan. Only with Custom.',
      }),
    ),
  },
  body,
);
export type ScanRequest = Static<typeof ScanRequest>;

/** `POST /api/machines/{id}/StopAndQuarantineFile`. */
export const StopAndQuarantineRequest = Type.Object(
  {
    Comment: comment,
    Sha1: Type.String({ maxLength: 128, description: 'SHA-1 of the file, 40 hex digits.' }),
  },
  body,
);
export type StopAndQuarantineRequest = Static<typeof StopAndQuarantineRequest>;

/** `POST /api/machineactions/{id}/cancel`. */
export const CancelRequest = Type.Object(
  { Comment: Type.Optional(Type.String({ maxLength: 4000, description: 'Why. Kept with the action.' })) },
  body,
);
export type CancelRequest = Static<typeof CancelRequest>;
