/** Saved queries: own ones and shared ones, in folders. */
import { Type } from 'typebox';
import { defineRoute, type Route, type RouteAudit } from '../../http/route.ts';
import { advancedQueryAccess } from './routes.ts';
import {
  FolderChange,
  HuntingFolder,
  NewFolder,
  NewSavedQuery,
  SavedQuery,
  SavedQueryChange,
  SavedQuerySummary,
  savedQueryId,
} from './saved-query.ts';
import type { RecordIn, SavedQueryStore } from './saved-query-store.ts';

const access = { ...advancedQueryAccess, deviceScope: 'none' } as const;
const folders = '/api/merlon/hunting/folders';
const queries = '/api/merlon/hunting/queries';

const changeOf =
  (audit: RouteAudit, kind: string): RecordIn =>
  (db, id) => {
    audit.target(kind, id);
    return audit.recordIn(db);
  };

export function savedQueryRoutes(store: SavedQueryStore): Route[] {
  return [
    defineRoute({
      id: 'huntingFolders.list',
      method: 'GET',
      path: folders,
      summary: 'Folders of saved queries: own and shared ones.',
      access,
      audit: null,
      responses: { 200: Type.Object({ value: Type.Array(HuntingFolder) }) },
      handle: async ({ caller }) => ({ status: 200, body: { value: await store.folders(caller) } }),
    }),
    defineRoute({
      id: 'huntingFolders.create',
      method: 'POST',
      path: folders,
      summary: 'Make a folder for own or for shared queries.',
      access,
      audit: 'huntingFolder.create',
      body: NewFolder,
      responses: { 201: HuntingFolder },
      handle: async ({ caller, body, audit }) => ({
        status: 201,
        body: await store.createFolder(caller, body, changeOf(audit, 'hunting folder')),
      }),
    }),
    defineRoute({
      id: 'huntingFolders.rename',
      method: 'PATCH',
      path: `${folders}/:id`,
      summary: 'Rename a folder.',
      access,
      audit: 'huntingFolder.rename',
      params: savedQueryId,
      body: FolderChange,
      responses: { 200: HuntingFolder },
      async handle({ caller, params, body, audit }) {
        const record = changeOf(audit, 'hunting folder');
        return { status: 200, body: await store.renameFolder(caller, params.id, body.name, record) };
      },
    }),
    defineRoute({
      id: 'huntingFolders.remove',
      method: 'DELETE',
      path: `${folders}/:id`,
      summary: 'Remove an empty folder.',
      access,
      audit: 'huntingFolder.remove',
      accepts: 'none',
      params: savedQueryId,
      responses: { 204: Type.Null() },
      async handle({ caller, params, audit }) {
        await store.removeFolder(caller, params.id, changeOf(audit, 'hunting folder'));
        return { status: 204 };
      },
    }),
    defineRoute({
      id: 'huntingQueries.list',
      method: 'GET',
      path: queries,
      summary: 'Saved queries, own and shared ones, without their text.',
      access,
      audit: null,
      responses: { 200: Type.Object({ value: Type.Array(SavedQuerySummary) }) },
      handle: async ({ caller }) => ({ status: 200, body: { value: await store.list(caller) } }),
    }),
    defineRoute({
      id: 'huntingQueries.get',
      method: 'GET',
      path: `${queries}/:id`,
      summary: 'A saved query.',
      access,
      audit: null,
      params: savedQueryId,
      responses: { 200: SavedQuery },
      handle: async ({ caller, params }) => ({ status: 200, body: await store.find(caller, params.id) }),
    }),
    defineRoute({
      id: 'huntingQueries.create',
      method: 'POST',
      path: queries,
      summary: 'Save a query, for oneself or for everyone of the tenant.',
      access,
      audit: 'huntingQuery.create',
      body: NewSavedQuery,
      responses: { 201: SavedQuery },
      handle: async ({ caller, body, audit }) => ({
        status: 201,
        body: await store.create(caller, body, changeOf(audit, 'saved query')),
      }),
    }),
    defineRoute({
      id: 'huntingQueries.update',
      method: 'PATCH',
      path: `${queries}/:id`,
      summary: 'Change, rename, move, share or take back a saved query; what is left out stays.',
      access,
      audit: 'huntingQuery.update',
      params: savedQueryId,
      body: SavedQueryChange,
      responses: { 200: SavedQuery },
      handle: async ({ caller, params, body, audit }) => ({
        status: 200,
        body: await store.update(caller, params.id, body, changeOf(audit, 'saved query')),
      }),
    }),
    defineRoute({
      id: 'huntingQueries.remove',
      method: 'DELETE',
      path: `${queries}/:id`,
      summary: 'Remove a saved query.',
      access,
      audit: 'huntingQuery.remove',
      accepts: 'none',
      params: savedQueryId,
      responses: { 204: Type.Null() },
      async handle({ caller, params, audit }) {
        await store.remove(caller, params.id, changeOf(audit, 'saved query'));
        return { status: 204 };
      },
    }),
  ];
}
