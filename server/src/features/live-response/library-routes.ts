/** The live response library: files that scripts are run from and that are put on devices. */
import { ApiError, collectionAnswer, entityAnswer, LibraryFile, nowIso7 } from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route } from '../../http/route.ts';
import { contextOf } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { LibraryRow, LibraryStore } from './library-store.ts';
import { readLibraryUpload, UPLOAD_BYTES } from './library-upload.ts';

const access = {
  kind: 'api',
  application: ['Library.Manage'],
  delegated: ['Library.Manage'],
  role: 'LiveResponse.Advanced',
  deviceScope: 'none',
} as const;

export function libraryRoutes({ library, clock }: { library: LibraryStore; clock: Clock }): Route[] {
  return [
    defineRoute({
      id: 'library.list',
      method: 'GET',
      path: '/api/libraryfiles',
      summary: 'List the files of the live response library.',
      access,
      audit: null,
      responses: { 200: collectionAnswer(LibraryFile) },
      collection: { name: 'LibraryFiles', entity: 'LibraryFile', key: 'fileName', set: null },
      handle: async ({ caller, origin }) => ({
        status: 200,
        body: {
          '@odata.context': contextOf(origin, 'LibraryFiles'),
          value: (await library.list(caller.tenantId)).map(libraryFileEntity),
        },
      }),
    }),
    defineRoute({
      id: 'library.upload',
      method: 'POST',
      path: '/api/libraryfiles',
      summary: 'Upload a file to the live response library.',
      access,
      audit: 'libraryFile.upload',
      accepts: 'raw',
      bodyLimit: UPLOAD_BYTES,
      responses: { 200: entityAnswer(LibraryFile) },
      async handle({ caller, origin, rawBody, headers, audit }) {
        const upload = await readLibraryUpload(rawBody, headers['content-type'] as string | undefined);
        audit.target('libraryFile', upload.fileName);
        audit.details({ size: upload.content.length, overrideIfExists: upload.overrideIfExists });
        const row = await library.put(caller.tenantId, upload, nameOf(caller), clock.now(), (db) =>
          audit.recordIn(db),
        );
        return {
          status: 200,
          body: { '@odata.context': contextOf(origin, 'LibraryFiles/$entity'), ...libraryFileEntity(row) },
        };
      },
    }),
    defineRoute({
      id: 'library.delete',
      method: 'DELETE',
      path: '/api/libraryfiles/:fileName',
      summary: 'Delete a file of the live response library.',
      access,
      audit: 'libraryFile.delete',
      params: Type.Object({ fileName: Type.String() }),
      responses: { 204: Type.Null() },
      async handle({ caller, params: { fileName }, audit }) {
        audit.target('libraryFile', fileName.slice(0, 255));
        const removed = await library.remove(caller.tenantId, fileName, clock.now(), (db) =>
          audit.recordIn(db),
        );
        if (!removed)
          throw new ApiError(
            'ResourceNotFound',
            `There is no file ${JSON.stringify(fileName.slice(0, 255))} in the library.`,
          );
        return { status: 204 };
      },
    }),
  ];
}

/** As machine actions name who ordered them. */
function nameOf({ kind, name, id }: Caller): string {
  return kind === 'user' ? name : id;
}

function libraryFileEntity(row: LibraryRow): LibraryFile {
  return {
    fileName: row.file_name,
    sha256: row.sha256,
    description: row.description,
    creationTime: nowIso7(row.created_at),
    lastUpdatedTime: nowIso7(row.updated_at),
    createdBy: row.created_by,
    hasParameters: row.has_parameters,
    parametersDescription: row.parameters_description,
  };
}
