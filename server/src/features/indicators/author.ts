/** Who may see and change an indicator: programs their own or all, people those of their device groups. Pure. */
import { ApiError } from '@merlon/contract';
import type { Caller } from '../../http/route.ts';

export interface Author {
  readonly kind: Caller['kind'];
  /** Application: its client id. User: the object id. */
  readonly id: string;
  /** Unique and for people: user principal name or application id. */
  readonly by: string;
  readonly name: string;
  readonly source: 'Portal' | 'PublicApi';
  /** Whether indicators of others are among those it sees. */
  readonly all: boolean;
  readonly deviceGroups: Caller['deviceGroups'];
}

export function authorOf(caller: Caller): Author {
  const { kind, id, name, portal, permissions, deviceGroups } = caller;
  return {
    kind,
    id,
    by: kind === 'user' ? name : id,
    name,
    source: portal ? 'Portal' : 'PublicApi',
    all: kind === 'user' || permissions.has('Ti.ReadWrite.All'),
    deviceGroups,
  };
}

export interface Owned {
  readonly owner_id: string;
  readonly group_ids: readonly number[];
}

export function isOwn(author: Author, { owner_id }: Owned): boolean {
  return author.all || owner_id === author.id;
}

/** What is for all devices is for those that the author may not act on, too. */
export function reaches(author: Author, groupIds: readonly number[]): boolean {
  const { deviceGroups } = author;
  return (
    deviceGroups === 'all' ||
    (groupIds.length > 0 && groupIds.every((id) => deviceGroups.includes(String(id))))
  );
}

/** @throws ApiError Forbidden */
export function requireReach(author: Author, groupIds: readonly number[], what: string): void {
  if (reaches(author, groupIds)) return;
  throw new ApiError(
    'Forbidden',
    groupIds.length === 0
      ? `${what} is for all devices, and you have access to some device groups only.`
      : `${what} is for a device group that you have no access to.`,
  );
}
