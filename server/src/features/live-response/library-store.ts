/** All SQL of the live response library. */
import { createHash } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { LibraryDb } from './database.ts';
import type { LibraryUpload } from './library-upload.ts';

/** Of one tenant: portal.md section 11. */
const LIBRARY_BYTES = 250 * 1024 * 1024;
/** An order may name a file that was deleted or replaced since, and waits for approval and for its device for ten days together. */
const UNUSED_MS = 11 * 24 * 3_600_000;

export type LibraryRow = Selectable<LibraryDb['library_files']>;
type Db = Transaction<LibraryDb>;
type Alongside = (db: Db) => Promise<void>;

export type LibraryStore = ReturnType<typeof libraryStore>;

export function libraryStore(state: StateStore) {
  return {
    list(tenantId: string): Promise<LibraryRow[]> {
      return state.tenant<LibraryDb, LibraryRow[]>(tenantId, (db) =>
        db.selectFrom('library_files').selectAll().orderBy('key').execute(),
      );
    },

    /** Those of the names that there are, by name in lower case. */
    named(tenantId: string, names: readonly string[]): Promise<ReadonlyMap<string, LibraryRow>> {
      return state.tenant<LibraryDb, ReadonlyMap<string, LibraryRow>>(tenantId, async (db) => {
        if (names.length === 0) return new Map();
        const rows = await db
          .selectFrom('library_files')
          .selectAll()
          .where('key', 'in', names.map(keyOf))
          .execute();
        return new Map(rows.map((row) => [row.key, row]));
      });
    },

    /** @throws ApiError BadRequest when there is such a file and it may not be replaced, or no space is left */
    put(
      tenantId: string,
      upload: LibraryUpload,
      by: string,
      now: Date,
      alongside: Alongside,
    ): Promise<LibraryRow> {
      return state.tenant<LibraryDb, LibraryRow>(tenantId, async (db) => {
        // One upload at a time, so that several together do not pass what each alone would not.
        await sql`select pg_advisory_xact_lock(hashtext('library' || current_setting('merlon.tenant')))`.execute(
          db,
        );
        const key = keyOf(upload.fileName);
        const before = await db
          .selectFrom('library_files')
          .select(['created_at', 'sha256'])
          .where('key', '=', key)
          .executeTakeFirst();
        if (before && !upload.overrideIfExists)
          throw new ApiError(
            'BadRequest',
            `There is a file ${upload.fileName} in the library already. Set OverrideIfExists to replace it.`,
          );
        const { held } = await db
          .selectFrom('library_files')
          .select(sql<string>`coalesce(sum(size), 0)`.as('held'))
          .where('key', '<>', key)
          .executeTakeFirstOrThrow();
        if (Number(held) + upload.content.length > LIBRARY_BYTES)
          throw new ApiError('BadRequest', `The library may hold ${LIBRARY_BYTES} bytes in all.`);
        if (before) await used(db, before.sha256, now);
        const sha256 = createHash('sha256').update(upload.content).digest('hex');
        await db
          .insertInto('library_contents')
          .values({ sha256, content: upload.content, used_at: now })
          .onConflict((conflict) => conflict.columns(['tenant_id', 'sha256']).doUpdateSet({ used_at: now }))
          .execute();
        const row = {
          file_name: upload.fileName,
          sha256,
          size: upload.content.length,
          description: upload.description,
          parameters_description: upload.parametersDescription,
          has_parameters: upload.hasParameters,
          updated_at: now,
        };
        const kept = await db
          .insertInto('library_files')
          .values({ key, ...row, created_by: by, created_at: now })
          .onConflict((conflict) => conflict.columns(['tenant_id', 'key']).doUpdateSet(row))
          .returningAll()
          .executeTakeFirstOrThrow();
        await alongside(db);
        return kept;
      });
    },

    /** False: there is no such file. */
    remove(tenantId: string, fileName: string, now: Date, alongside: Alongside): Promise<boolean> {
      return state.tenant<LibraryDb, boolean>(tenantId, async (db) => {
        const row = await db
          .deleteFrom('library_files')
          .where('key', '=', keyOf(fileName))
          .returning('sha256')
          .executeTakeFirst();
        if (!row) return false;
        await used(db, row.sha256, now);
        await alongside(db);
        return true;
      });
    },

    content(tenantId: string, sha256: string): Promise<Buffer | undefined> {
      return state.tenant<LibraryDb, Buffer | undefined>(tenantId, async (db) => {
        const row = await db
          .selectFrom('library_contents')
          .select('content')
          .where('sha256', '=', sha256)
          .executeTakeFirst();
        return row?.content;
      });
    },

    /** Across tenants: contents that no name leads to and that no order can want any more. */
    async forget(now: Date): Promise<void> {
      await state.system<LibraryDb, unknown>((db) =>
        db
          .deleteFrom('library_contents')
          .where('used_at', '<', new Date(now.getTime() - UNUSED_MS))
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('library_files')
                  .select('library_files.sha256')
                  .whereRef('library_files.tenant_id', '=', 'library_contents.tenant_id')
                  .whereRef('library_files.sha256', '=', 'library_contents.sha256'),
              ),
            ),
          )
          .execute(),
      );
    },
  };
}

export function keyOf(fileName: string): string {
  return fileName.toLowerCase();
}

async function used(db: Db, sha256: string, now: Date): Promise<void> {
  await db.updateTable('library_contents').set({ used_at: now }).where('sha256', '=', sha256).execute();
}
