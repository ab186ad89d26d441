/** User groups that a directory keeps. The tenant's own groups are not there for it. */
import { ApiError, ScimError } from '@merlon/contract';
import type { Clock } from '../../telemetry/clock.ts';
import type { ScimGroups } from '../access/index.ts';
import { type Found, type Place, requireVersion } from './answer.ts';
import { type ListQuery, looksAt, sorted, wanted } from './list-query.ts';
import { type Document, isDocument, matches } from './match.ts';
import { applyPatch } from './patch.ts';
import { isAnswered, type Projection, readResource } from './resource.ts';
import { groupType } from './schema.ts';
import type { GroupRow, MemberRow, ProvisioningStore } from './store.ts';
import { versionOf } from './version.ts';

export type Groups = ReturnType<typeof createGroups>;

export function createGroups(deps: {
  readonly store: ProvisioningStore;
  readonly groups: ScimGroups;
  readonly clock: Clock;
}) {
  const { store, groups, clock } = deps;

  async function row(place: Place, id: string): Promise<GroupRow> {
    const [found] = await store.groups(place.tenantId, { id });
    if (!found) throw new ApiError('ResourceNotFound', `Group ${id.slice(0, 100)} was not found.`);
    return found;
  }

  async function whole(place: Place, id: string, withMembers: boolean): Promise<Found> {
    const found = await row(place, id);
    const members = withMembers ? await store.members(place.tenantId, [found.id]) : null;
    return toResource(place, found, members?.get(found.id) ?? null);
  }

  async function locked(place: Place, id: string, ifMatch: string | undefined): Promise<Found> {
    await store.lockGroup(place.tenantId, id);
    const found = await whole(place, id, true);
    requireVersion(ifMatch, found.version);
    return found;
  }

  async function change(
    place: Place,
    id: string,
    ifMatch: string | undefined,
    next: (now: Document) => Document,
  ): Promise<string> {
    const found = await locked(place, id, ifMatch);
    const { schemas: _schemas, meta: _meta, ...before } = found.resource;
    const after = next(before);
    if (after.displayName !== before.displayName || after.externalId !== before.externalId)
      await groups.update(place.tenantId, found.id, fieldsOf(after));
    await setMembers(place, found.id, memberIds(before), memberIds(after));
    await store.changeGroup(place.tenantId, found.id, clock.now());
    return found.id;
  }

  async function setMembers(
    place: Place,
    id: string,
    before: ReadonlySet<string>,
    after: ReadonlySet<string>,
  ): Promise<void> {
    const add = [...after].filter((one) => !before.has(one));
    const remove = [...before].filter((one) => !after.has(one));
    const unknown = await store.unknownUser(place.tenantId, add);
    if (unknown !== null)
      throw new ScimError('invalidValue', `There is no provisioned person ${unknown.slice(0, 100)}.`);
    await groups.changeMembers(place.tenantId, id, { add, remove });
  }

  return {
    get: (place: Place, id: string, projection: Projection): Promise<Found> =>
      whole(place, id, isAnswered(groupType, projection, 'members')),

    async list(place: Place, query: ListQuery): Promise<{ total: number; resources: Document[] }> {
      const { filter, sort, startIndex, count, projection } = query;
      const { tenantId } = place;
      const from = startIndex - 1;
      const withMembers = async (rows: readonly GroupRow[]): Promise<Document[]> => {
        const members = await store.members(
          tenantId,
          rows.map(({ id }) => id),
        );
        return rows.map((one) => toResource(place, one, members.get(one.id) ?? []).resource);
      };
      const asAnswered = async (rows: readonly GroupRow[]): Promise<Document[]> =>
        isAnswered(groupType, projection, 'members')
          ? withMembers(rows)
          : rows.map((one) => toResource(place, one, null).resource);
      if (filter === null && sort === null) {
        const rows = await store.groups(tenantId, {}, { offset: from, limit: count });
        return { total: await store.countGroups(tenantId), resources: await asAnswered(rows) };
      }
      const rows = await store.groups(tenantId, {
        id: wanted(filter, 'id'),
        name: wanted(filter, 'displayName'),
        externalId: wanted(filter, 'externalId'),
        member: wanted(filter, 'members', 'value'),
      });
      const needed = looksAt(filter, 'members') || sort?.path.attribute.name === 'members';
      const all = needed ? await withMembers(rows) : rows.map((one) => toResource(place, one, null).resource);
      const met = all.filter((resource) => filter === null || matches(filter, resource));
      const ordered = (sort === null ? met : sorted(met, sort)).slice(from, from + count);
      if (needed) return { total: met.length, resources: ordered };
      const byId = new Map(rows.map((one) => [one.id, one]));
      const page = ordered.flatMap(({ id }) => byId.get(String(id)) ?? []);
      return { total: met.length, resources: await asAnswered(page) };
    },

    async create(place: Place, body: unknown): Promise<Found> {
      const sent = readResource(groupType, body);
      const id = await groups.create(place.tenantId, fieldsOf(sent));
      await store.addGroup(place.tenantId, id, clock.now());
      await setMembers(place, id, new Set(), memberIds(sent));
      return whole(place, id, true);
    },

    replace: (place: Place, id: string, body: unknown, ifMatch: string | undefined): Promise<string> =>
      change(place, id, ifMatch, () => readResource(groupType, body)),

    patch: (place: Place, id: string, body: unknown, ifMatch: string | undefined): Promise<string> =>
      change(place, id, ifMatch, (now) => applyPatch(groupType, now, body)),

    async remove(place: Place, id: string, ifMatch: string | undefined): Promise<void> {
      const found = await locked(place, id, ifMatch);
      await groups.remove(place.tenantId, found.id);
    },
  };
}

function fieldsOf({ displayName, externalId }: Document): { name: string; externalId: string | null } {
  if (typeof displayName !== 'string' || displayName.trim() === '')
    throw new ScimError('invalidValue', "'displayName' is required.");
  return { name: displayName, externalId: typeof externalId === 'string' ? externalId : null };
}

function memberIds({ members }: Document): Set<string> {
  const listed = Array.isArray(members) ? members.filter(isDocument) : [];
  return new Set(
    listed.map(({ value, type }) => {
      if (typeof value !== 'string') throw new ScimError('invalidValue', "A member needs its 'value'.");
      if (typeof type === 'string' && type.toLowerCase() !== 'user')
        throw new ScimError('invalidValue', 'Only people can be members of a group.');
      return value.toLowerCase();
    }),
  );
}

/** `members` null: they are left out. */
function toResource(place: Place, row: GroupRow, members: readonly MemberRow[] | null): Found {
  const location = `${place.base}/Groups/${row.id}`;
  const version = versionOf([row.name, row.externalId, row.membersMark, row.changedAt]);
  return {
    id: row.id,
    version,
    location,
    resource: {
      schemas: [groupType.schema.id],
      id: row.id,
      ...(row.externalId === null ? {} : { externalId: row.externalId }),
      displayName: row.name,
      ...(members === null || members.length === 0
        ? {}
        : {
            members: members.map(({ id, name }) => ({
              value: id,
              $ref: `${place.base}/Users/${id}`,
              display: name,
              type: 'User',
            })),
          }),
      meta: {
        resourceType: groupType.name,
        created: row.createdAt.toISOString(),
        lastModified: row.changedAt.toISOString(),
        location,
        version,
      },
    },
  };
}
