/** Saved queries and their folders, as the API shows them. */
import { type Static, Type } from 'typebox';
import { MAX_QUERY_BYTES } from './limits.ts';

const exactly = { additionalProperties: false } as const;
const name = Type.String({ minLength: 1, maxLength: 120, pattern: '\\S' });
const id = Type.String({ format: 'uuid' });
const shared = Type.Boolean({
  description: 'Seen by everyone of the tenant who may hunt; else by its owner alone.',
});
const description = Type.String({ maxLength: 2_000 });
const query = Type.String({ minLength: 1, maxLength: MAX_QUERY_BYTES });
const folderId = Type.Union([id, Type.Null()], {
  description: 'A folder of the same kind, shared or own; null: none.',
});

const owned = {
  ownerId: Type.String(),
  ownerName: Type.String(),
  createdTime: Type.String(),
  lastUpdatedTime: Type.String(),
};

export const HuntingFolder = Type.Object({ id, name, shared, ...owned });
export type HuntingFolder = Static<typeof HuntingFolder>;

export const SavedQuerySummary = Type.Object({
  id,
  name,
  description,
  folderId,
  shared,
  ...owned,
  lastUpdatedBy: Type.String(),
});
export type SavedQuerySummary = Static<typeof SavedQuerySummary>;

export const SavedQuery = Type.Object({ ...SavedQuerySummary.properties, query });
export type SavedQuery = Static<typeof SavedQuery>;

export const NewFolder = Type.Object({ name, shared }, exactly);
export const FolderChange = Type.Object({ name }, exactly);
export const NewSavedQuery = Type.Object(
  { name, query, description: Type.Optional(description), folderId: Type.Optional(folderId), shared },
  exactly,
);
export type NewSavedQuery = Static<typeof NewSavedQuery>;
export const SavedQueryChange = Type.Object(
  {
    name: Type.Optional(name),
    query: Type.Optional(query),
    description: Type.Optional(description),
    folderId: Type.Optional(folderId),
    shared: Type.Optional(shared),
  },
  { ...exactly, minProperties: 1 },
);
export type SavedQueryChange = Static<typeof SavedQueryChange>;

export const savedQueryId = Type.Object({ id });
