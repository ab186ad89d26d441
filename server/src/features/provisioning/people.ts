/** People whom a directory keeps. Accounts of the tenant's own are not there for it, until an administrator hands one over. */
import { ApiError, ScimError } from '@merlon/contract';
import type { Clock } from '../../telemetry/clock.ts';
import type { ProvisionedAccounts } from '../identity/index.ts';
import { type Found, type Place, requireVersion } from './answer.ts';
import { type ListQuery, sorted, wanted } from './list-query.ts';
import { type Document, isDocument, matches } from './match.ts';
import { applyPatch } from './patch.ts';
import { readResource } from './resource.ts';
import { userType } from './schema.ts';
import type { ProvisioningStore, UserRow } from './store.ts';
import { versionOf } from './version.ts';

const MOST_PEOPLE = 50_000;

export type People = ReturnType<typeof createPeople>;

export function createPeople(deps: {
  readonly store: ProvisioningStore;
  readonly accounts: ProvisionedAccounts;
  readonly clock: Clock;
}) {
  const { store, accounts, clock } = deps;

  async function one(place: Place, id: string): Promise<{ row: UserRow; found: Found }> {
    const [row] = await store.users(place.tenantId, { id });
    if (!row) throw new ApiError('ResourceNotFound', `User ${id.slice(0, 100)} was not found.`);
    return { row, found: toResource(place, row) };
  }

  async function locked(place: Place, id: string, ifMatch: string | undefined) {
    await store.lockUser(place.tenantId, id);
    const all = await one(place, id);
    requireVersion(ifMatch, all.found.version);
    return all;
  }

  async function change(
    place: Place,
    id: string,
    ifMatch: string | undefined,
    next: (now: Document) => Document,
  ): Promise<string> {
    const { row, found } = await locked(place, id, ifMatch);
    const { active, id: _id, ...wantedNow } = next(writable(found.resource));
    const fields = fieldsOf(wantedNow);
    await accounts.update(place.tenantId, row.id, {
      userName: fields.userName,
      displayName: displayNameOf(wantedNow, fields.userName),
      // What is not said of it stays: nobody is let in again by an omission.
      enabled: typeof active === 'boolean' ? active : row.enabled,
    });
    await store.changeUser(place.tenantId, { id: row.id, ...fields, document: wantedNow, now: clock.now() });
    return row.id;
  }

  return {
    get: async (place: Place, id: string): Promise<Found> => (await one(place, id)).found,

    async list(place: Place, query: ListQuery): Promise<{ total: number; resources: Document[] }> {
      const { filter, sort, startIndex, count } = query;
      const from = startIndex - 1;
      if (filter === null && sort === null) {
        const rows = await store.users(place.tenantId, {}, { offset: from, limit: count });
        return {
          total: await store.countUsers(place.tenantId),
          resources: rows.map((row) => toResource(place, row).resource),
        };
      }
      const rows = await store.users(place.tenantId, {
        id: wanted(filter, 'id'),
        userName: wanted(filter, 'userName'),
        externalId: wanted(filter, 'externalId'),
      });
      const met = rows
        .map((row) => toResource(place, row).resource)
        .filter((resource) => filter === null || matches(filter, resource));
      const ordered = sort === null ? met : sorted(met, sort);
      return { total: met.length, resources: ordered.slice(from, from + count) };
    },

    async create(place: Place, body: unknown): Promise<Found> {
      const { active, ...document } = readResource(userType, body);
      if ((await store.countUsers(place.tenantId)) >= MOST_PEOPLE)
        throw new ApiError(
          'DisallowedOperation',
          `A tenant holds at most ${MOST_PEOPLE} provisioned people.`,
        );
      const fields = fieldsOf(document);
      const id = await accounts.create(place.tenantId, {
        userName: fields.userName,
        displayName: displayNameOf(document, fields.userName),
        enabled: active !== false,
      });
      await store.addUser(place.tenantId, { id, ...fields, document, now: clock.now() });
      return (await one(place, id)).found;
    },

    replace: (place: Place, id: string, body: unknown, ifMatch: string | undefined): Promise<string> =>
      change(place, id, ifMatch, () => readResource(userType, body)),

    patch: (place: Place, id: string, body: unknown, ifMatch: string | undefined): Promise<string> =>
      change(place, id, ifMatch, (now) => applyPatch(userType, now, body)),

    async remove(place: Place, id: string, ifMatch: string | undefined): Promise<void> {
      const { row } = await locked(place, id, ifMatch);
      await accounts.remove(place.tenantId, row.id);
    },

    /** Hands an account of the tenant's own over to the directory. */
    async adopt(tenantId: string, id: string): Promise<{ id: string; userName: string }> {
      const account = await store.adoptable(tenantId, id);
      if (!account)
        throw new ApiError(
          'ResourceNotFound',
          `There is no account ${id} of the tenant's own that is not provisioned yet.`,
        );
      const { userName, displayName } = account;
      await store.addUser(tenantId, {
        id,
        userName,
        externalId: null,
        document: { userName, displayName },
        now: clock.now(),
      });
      return { id, userName };
    },
  };
}

function fieldsOf(document: Document): { userName: string; externalId: string | null } {
  const { userName, externalId } = document;
  if (typeof userName !== 'string' || userName.trim() === '')
    throw new ScimError('invalidValue', "'userName' is required.");
  return { userName, externalId: typeof externalId === 'string' ? externalId : null };
}

function displayNameOf({ displayName, name }: Document, userName: string): string {
  const parts: Document = isDocument(name) ? name : {};
  const built = [parts.givenName, parts.familyName].filter((part) => typeof part === 'string').join(' ');
  const [first = userName] = [displayName, parts.formatted, built].filter(
    (text): text is string => typeof text === 'string' && text.trim() !== '',
  );
  return first;
}

/** What of a resource a client may write, and the id, which it may repeat. */
function writable(resource: Document): Document {
  const { schemas: _schemas, meta: _meta, groups: _groups, ...rest } = resource;
  return rest;
}

function toResource(place: Place, row: UserRow): Found {
  const { document } = row;
  const location = `${place.base}/Users/${row.id}`;
  const version = versionOf([row.document, row.enabled, row.groups, row.changedAt]);
  const extensions = userType.extensions.map((one) => one.id).filter((one) => document[one] !== undefined);
  return {
    id: row.id,
    version,
    location,
    resource: {
      schemas: [userType.schema.id, ...extensions],
      id: row.id,
      ...document,
      active: row.enabled,
      ...(row.groups.length === 0
        ? {}
        : {
            groups: row.groups.map(({ id, name }) => ({
              value: id,
              $ref: `${place.base}/Groups/${id}`,
              display: name,
              type: 'direct',
            })),
          }),
      meta: {
        resourceType: userType.name,
        created: row.createdAt.toISOString(),
        lastModified: row.changedAt.toISOString(),
        location,
        version,
      },
    },
  };
}
