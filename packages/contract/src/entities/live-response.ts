/** The live response library, and what a batch of live response asks for. */
import { type Static, Type } from 'typebox';
import { liveResponseCommandTypes } from './machine-action.ts';
import { choice, flag, nullable, record, text, time } from './schema.ts';

export const LibraryFile = record(
  {
    fileName: text('Name of the file. No two have the same.'),
    sha256: text('SHA-256 of its content, in hex.'),
    description: nullable(text('What it is for.')),
    creationTime: time('When it was uploaded.'),
    lastUpdatedTime: time('When it was last replaced.'),
    createdBy: text('Who uploaded it: user principal name or application id.'),
    hasParameters: flag('Whether it takes parameters.'),
    parametersDescription: nullable(text('What they are.')),
  },
  'A file of the live response library.',
);
export type LibraryFile = Static<typeof LibraryFile>;

/** `POST /api/machines/{id}/runliveresponse`. */
export const RunLiveResponseRequest = Type.Object(
  {
    Commands: Type.Array(
      Type.Object(
        {
          type: choice(liveResponseCommandTypes, 'What to do.'),
          params: Type.Optional(
            Type.Array(
              Type.Object(
                { key: Type.String({ maxLength: 64 }), value: Type.String({ maxLength: 4_096 }) },
                { additionalProperties: false },
              ),
              { maxItems: 8, description: 'PutFile: FileName. RunScript: ScriptName, Args. GetFile: Path.' },
            ),
          ),
        },
        { additionalProperties: false },
      ),
      {
        minItems: 1,
        maxItems: 50,
        description: 'Carried out in this order: first all PutFile, then all RunScript, then all GetFile.',
      },
    ),
    Comment: Type.Optional(Type.String({ maxLength: 4_000, description: 'Why. Kept with the action.' })),
  },
  { additionalProperties: false },
);
export type RunLiveResponseRequest = Static<typeof RunLiveResponseRequest>;
