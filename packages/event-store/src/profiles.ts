/**
 * Reads what was folded of files, addresses, domains and accounts. Every read is of one tenant and, for whoever may see only some device groups, of
 * their devices alone: one place puts that under every statement, and callers give keys, never SQL.
 */
import { randomUUID } from 'node:crypto';
import { canonicalAddress } from './entity-layout.ts';
import { gathered } from './gather.ts';
import type { EventStore } from './store.ts';
import { quoteName } from './table-layout.ts';

export interface ProfileScope {
  readonly tenantId: string;
  readonly deviceGroups: 'all' | readonly string[];
}

/** Times are ISO text with seven fraction digits. */
export interface Sightings {
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Devices that saw it since the time that was asked for. */
  readonly devices: number;
}

export interface FileProfile extends Sightings {
  readonly sha1: string;
  /** '' where no event told; so are the other texts. */
  readonly sha256: string;
  readonly md5: string;
  /** Bytes; 0 where no event told. */
  readonly size: number;
  /** The names most devices know it by, most first. */
  readonly names: readonly string[];
  readonly company: string;
  readonly product: string;
  readonly isPortableExecutable: boolean;
  readonly signature: FileSignature | null;
}

export interface FileSignature {
  readonly isSigned: boolean;
  readonly isTrusted: boolean;
  readonly signer: string;
  readonly signerHash: string;
  readonly issuer: string;
}

export interface AccountProfile {
  readonly name: string;
  readonly domain: string;
  readonly sid: string;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly logonTypes: readonly string[];
  readonly devices: number;
  /** The device with sign-ins in the most hours, and in the fewest. */
  readonly mostUsedDevice: string;
  readonly leastUsedDevice: string;
}

/** Lower case. */
export type FileHash = { readonly kind: 'sha1' | 'sha256' | 'md5'; readonly value: string };
export type SightedEntity =
  | { readonly kind: 'file'; readonly sha1: string }
  | { readonly kind: 'ip'; readonly address: string }
  | { readonly kind: 'domain'; readonly host: string }
  /** Without `domain`: of whichever. */
  | { readonly kind: 'user'; readonly account: string; readonly domain: string | null };

export interface Profiles {
  /** Null: no device in scope ever saw it. `since`, to the second, bounds the devices that are counted, nothing else. */
  file(scope: ProfileScope, hash: FileHash, since: Date): Promise<FileProfile | null>;
  /** Those of the files that a device in scope saw, by hashes of one kind, in lower case. */
  files(
    scope: ProfileScope,
    kind: FileHash['kind'],
    hashes: readonly string[],
    since: Date,
  ): Promise<FileProfile[]>;
  address(scope: ProfileScope, address: string, since: Date): Promise<Sightings | null>;
  domain(scope: ProfileScope, host: string, since: Date): Promise<Sightings | null>;
  /** Of the accounts of this name the one seen last. */
  account(scope: ProfileScope, account: string, domain: string | null): Promise<AccountProfile | null>;
  /** Accounts that signed in to a device; times and kinds are those on it. The last seen first. */
  accountsOf(scope: ProfileScope, deviceId: string): Promise<AccountProfile[]>;
  /** Ids of the devices that saw it, the last first; at most `limit`. */
  devices(scope: ProfileScope, entity: SightedEntity, limit: number): Promise<string[]>;
  /** Ids of devices that had the address within `marginMs` of a moment. */
  devicesAt(scope: ProfileScope, address: string, at: Date, marginMs: number): Promise<string[]>;
}

const LIMITS = {
  maxSeconds: 10,
  maxRows: 200_000,
  maxBytes: 64 * 1024 * 1024,
  maxMemoryBytes: 512 * 1024 * 1024,
};
const MAX_NAMES = 10;
const MAX_ACCOUNTS = 10_000;

type Cells = readonly unknown[];
type Parameters = Readonly<Record<string, unknown>>;
const HASH_COLUMNS = { sha1: 'SHA1', sha256: 'SHA256', md5: 'MD5' } as const;
const ADDRESS = canonicalAddress('{address:String}');

export function profilesOf(events: Pick<EventStore, 'query' | 'database'>): Profiles {
  const table = (name: string) => `${quoteName(events.database)}.${quoteName(name)}`;

  /** The rows of a table that the scope leaves; `condition` is ours. */
  function rowsOf(scope: ProfileScope, name: string, condition: string): string {
    const devices =
      scope.deviceGroups === 'all'
        ? ''
        : ` AND DeviceId IN (SELECT DeviceId FROM ${table('DeviceScope')} WHERE TenantId = {tenant:UUID}
             GROUP BY DeviceId HAVING argMax(DeviceGroup, Version) IN {groups:Array(String)})`;
    return `(SELECT * FROM ${table(name)} WHERE TenantId = {tenant:UUID} AND (${condition})${devices})`;
  }

  async function read(scope: ProfileScope, sql: string, parameters: Parameters): Promise<unknown[][]> {
    const { rows } = await events.query({
      sql,
      parameters: {
        ...parameters,
        tenant: scope.tenantId,
        ...(scope.deviceGroups === 'all' ? {} : { groups: scope.deviceGroups }),
      },
      queryId: randomUUID(),
      ...LIMITS,
    });
    return rows;
  }

  const seen = (since: string) =>
    `min(FirstSeen), max(LastSeen), uniqExactIf(DeviceId, LastSeen >= ${since})`;
  const SINCE = "{since:DateTime64(7, 'UTC')}";

  /** Of addresses or hosts, by the text that was asked for: `spelled` brings it into the spelling of the table. */
  const sightingsIn = (name: string, column: string, spelled: string) =>
    gathered<Asker, Sightings>(async ({ scope, since }, asked) => {
      const rows = await read(
        scope,
        `WITH arrayMap(asked -> ${spelled}, {asked:Array(String)}) AS keys
         SELECT ${positionsOf(column)}, ${seen(SINCE)} FROM ${rowsOf(scope, name, `${column} IN keys`)} GROUP BY ${column}`,
        { asked, since: instant(since) },
      );
      return byPosition(
        asked,
        rows.map(([at, ...row]) => [at, sightingsOf(row)]),
      );
    }, nameOfAsker);
  const ofAddress = sightingsIn('AddressSightings', 'Address', canonicalAddress('asked'));
  const ofDomain = sightingsIn('DomainSightings', 'Host', 'asked');

  async function accounts(
    scope: ProfileScope,
    condition: string,
    parameters: Parameters,
    onDevice: boolean,
    more: string,
  ): Promise<(readonly [at: unknown, AccountProfile])[]> {
    const here = onDevice ? 'DeviceId = {device:String}' : '1';
    const rows = await read(
      scope,
      `WITH arrayMap(asked -> lowerUTF8(asked), {asked:Array(String)}) AS keys
       SELECT ${positionsOf('Account')}, max(Name), max(DomainName), max(Sid), minIf(First, ${here}), maxIf(Last, ${here}) AS LastHere,
         arraySort(groupUniqArrayArrayIf(Kinds, ${here})), count(),
         argMax(DeviceId, (HourCount, Last, DeviceId)), argMin(DeviceId, (HourCount, Last, DeviceId))
       FROM (
         SELECT Account, Domain, DeviceId, max(Name) AS Name, max(DomainName) AS DomainName, max(Sid) AS Sid, min(FirstSeen) AS First,
           max(LastSeen) AS Last, groupUniqArrayArray(LogonTypes) AS Kinds, groupBitmapMerge(Hours) AS HourCount
         FROM ${rowsOf(scope, 'AccountSightings', condition)} GROUP BY Account, Domain, DeviceId)
       GROUP BY Account, Domain ORDER BY LastHere DESC, Account, Domain ${more}`,
      parameters,
    );
    return rows.map(([at, ...row]) => [at, accountOf(row)]);
  }

  /** Of the accounts of a name, in the domain or in whichever, the one seen last. */
  const ofAccount = gathered<
    { readonly scope: ProfileScope; readonly domain: string | null },
    AccountProfile
  >(
    async ({ scope, domain }, asked) =>
      byPosition(
        asked,
        await accounts(
          scope,
          `Account IN keys${domain === null ? '' : ' AND Domain = lowerUTF8({domain:String})'}`,
          { asked, ...(domain === null ? {} : { domain }) },
          false,
          'LIMIT 1 BY Account',
        ),
      ),
    ({ scope, domain }) => JSON.stringify([nameOfScope(scope), domain]),
  );

  /** One event tells both hashes, another only one: all rows of a file go by its SHA-1. */
  const withHash = (scope: ProfileScope, kind: FileHash['kind']) => {
    const has = `${HASH_COLUMNS[kind]} IN {hashes:Array(String)}`;
    return kind === 'sha1' ? has : `SHA1 IN (SELECT SHA1 FROM ${rowsOf(scope, 'FileSightings', has)})`;
  };

  /** The last seen first. */
  async function files(
    scope: ProfileScope,
    kind: FileHash['kind'],
    hashes: readonly string[],
    since: Date,
  ): Promise<FileProfile[]> {
    const rows = await read(
      scope,
      `SELECT f.Id, f.FirstTime, f.LastTime, f.DeviceCount, f.Sha256, f.Md5, f.Bytes, f.CompanyName, f.ProductName, f.Runs, f.TopNames,
         g.Newest.2, g.Newest.3, g.Newest.4, g.Newest.5, g.Newest.6, g.Known
       FROM (
         SELECT SHA1 AS Id, min(First) AS FirstTime, max(Last) AS LastTime, countIf(Last >= ${SINCE}) AS DeviceCount, max(H256) AS Sha256, max(HMd5) AS Md5,
           max(Most) AS Bytes, max(Maker) AS CompanyName, max(Ware) AS ProductName, max(IsProgram) AS Runs,
           sumMap(Called, arrayMap(name -> toUInt64(1), Called)) AS Counted,
           arraySlice(arraySort((name, count) -> (-toInt64(count), name), Counted.1, Counted.2), 1, ${MAX_NAMES}) AS TopNames
         FROM (
           SELECT SHA1, DeviceId, min(FirstSeen) AS First, max(LastSeen) AS Last, max(SHA256) AS H256, max(MD5) AS HMd5, max(Size) AS Most,
             max(Company) AS Maker, max(Product) AS Ware, max(IsPortableExecutable) AS IsProgram,
             arrayFilter(name -> name != '', groupUniqArrayArray(Names)) AS Called
           FROM ${rowsOf(scope, 'FileSightings', withHash(scope, kind))} GROUP BY SHA1, DeviceId)
         GROUP BY SHA1) AS f
       LEFT JOIN (
         SELECT SHA1 AS Id, max(Signature) AS Newest, toUInt8(1) AS Known
         FROM ${rowsOf(scope, 'FileSignatures', withHash(scope, kind))} GROUP BY SHA1) AS g ON g.Id = f.Id
       ORDER BY f.LastTime DESC, f.Id`,
      { hashes, since: instant(since) },
    );
    return rows.map(([id, ...row]) => ({
      ...sightingsOf(row),
      sha1: String(id),
      sha256: String(row[3]),
      md5: String(row[4]),
      size: Number(row[5]),
      company: String(row[6]),
      product: String(row[7]),
      isPortableExecutable: Number(row[8]) === 1,
      names: (row[9] as readonly unknown[]).map(String),
      signature: Number(row[15]) === 1 ? signatureOf(row.slice(10, 15)) : null,
    }));
  }

  /** By the hash that was asked for; of several files with one hash, the one seen last. */
  const ofHash = gathered<Asker & { readonly kind: FileHash['kind'] }, FileProfile>(
    async ({ scope, kind, since }, hashes) => {
      const found = await files(scope, kind, hashes, since);
      return new Map(found.map((file) => [file[kind], file] as const).reverse());
    },
    (about) => `${about.kind} ${nameOfAsker(about)}`,
  );

  return {
    file: (scope, { kind, value }, since) => ofHash({ scope, kind, since: toSecond(since) }, value),
    files: (scope, kind, hashes, since) =>
      hashes.length === 0 ? Promise.resolve([]) : files(scope, kind, hashes, since),
    address: (scope, address, since) => ofAddress({ scope, since: toSecond(since) }, address),
    domain: (scope, host, since) => ofDomain({ scope, since: toSecond(since) }, host),
    account: (scope, account, domain) => ofAccount({ scope, domain }, account),
    async accountsOf(scope, deviceId) {
      const found = await accounts(
        scope,
        `(Account, Domain) IN (SELECT Account, Domain FROM ${rowsOf(scope, 'AccountSightings', 'DeviceId = {device:String}')})`,
        { asked: [], device: deviceId },
        true,
        `LIMIT ${MAX_ACCOUNTS}`,
      );
      return found.map(([, account]) => account);
    },
    async devices(scope, entity, limit) {
      const [condition, parameters, name] = keyOf(entity);
      const rows = await read(
        scope,
        `SELECT DeviceId FROM ${rowsOf(scope, name, condition)} GROUP BY DeviceId ORDER BY max(LastSeen) DESC, DeviceId LIMIT {limit:UInt32}`,
        { ...parameters, limit },
      );
      return rows.map(([id]) => String(id));
    },
    async devicesAt(scope, address, at, marginMs) {
      // No half hour holds both ends outside a window that is as long and something within it.
      const rows = await read(
        scope,
        `SELECT DISTINCT DeviceId FROM ${rowsOf(
          scope,
          'DeviceAddresses',
          `Address = ${ADDRESS} AND ((FirstSeen >= {from:DateTime64(7, 'UTC')} AND FirstSeen <= {to:DateTime64(7, 'UTC')})
             OR (LastSeen >= {from:DateTime64(7, 'UTC')} AND LastSeen <= {to:DateTime64(7, 'UTC')}))`,
        )} ORDER BY DeviceId`,
        {
          address,
          from: instant(new Date(at.getTime() - marginMs)),
          to: instant(new Date(at.getTime() + marginMs)),
        },
      );
      return rows.map(([id]) => String(id));
    },
  };
}

/** Condition, its parameters, and the table that holds the entity. */
function keyOf(entity: SightedEntity): readonly [string, Parameters, string] {
  switch (entity.kind) {
    case 'file':
      return ['SHA1 = {sha1:String}', { sha1: entity.sha1 }, 'FileSightings'];
    case 'ip':
      return [`Address = ${ADDRESS}`, { address: entity.address }, 'AddressSightings'];
    case 'domain':
      return ['Host = {host:String}', { host: entity.host }, 'DomainSightings'];
    case 'user':
      return [
        `Account = lowerUTF8({account:String})${entity.domain === null ? '' : ' AND Domain = lowerUTF8({domain:String})'}`,
        { account: entity.account, ...(entity.domain === null ? {} : { domain: entity.domain }) },
        'AccountSightings',
      ];
  }
}

interface Asker {
  readonly scope: ProfileScope;
  readonly since: Date;
}

const nameOfScope = ({ tenantId, deviceGroups }: ProfileScope) => JSON.stringify([tenantId, deviceGroups]);
const nameOfAsker = ({ scope, since }: Asker) => `${nameOfScope(scope)} ${since.getTime()}`;

/** What is asked within a second can be asked together. */
function toSecond(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1_000) * 1_000);
}

/** Where among the keys a row belongs: two spellings may mean the same. */
const positionsOf = (column: string) => `arrayFilter(at -> keys[at] = ${column}, arrayEnumerate(keys))`;

function byPosition<V>(
  asked: readonly string[],
  rows: readonly (readonly [at: unknown, V])[],
): ReadonlyMap<string, V> {
  return new Map(
    rows.flatMap(([at, value]) =>
      (at as readonly unknown[]).map((place) => [asked[Number(place) - 1] ?? '', value] as const),
    ),
  );
}

function sightingsOf(row: Cells): Sightings {
  return { firstSeen: String(row[0]), lastSeen: String(row[1]), devices: Number(row[2]) };
}

function accountOf(row: Cells): AccountProfile {
  return {
    name: String(row[0]),
    domain: String(row[1]),
    sid: String(row[2]),
    firstSeen: String(row[3]),
    lastSeen: String(row[4]),
    logonTypes: (row[5] as string[]).filter((kind) => kind !== ''),
    devices: Number(row[6]),
    mostUsedDevice: String(row[7]),
    leastUsedDevice: String(row[8]),
  };
}

function signatureOf(row: Cells): FileSignature {
  return {
    isSigned: Number(row[0]) === 1,
    isTrusted: Number(row[1]) === 1,
    signer: String(row[2]),
    signerHash: String(row[3]),
    issuer: String(row[4]),
  };
}

/** As the engine reads a DateTime64 parameter. */
function instant(at: Date): string {
  return at.toISOString().replace('T', ' ').replace('Z', '');
}
