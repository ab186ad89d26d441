/**
 * What events say of files, addresses, domains and accounts: aggregating tables keyed (tenant, entity, device), into which `entity-fold.ts` has the
 * engine fold the rows of hunting tables soon after they came. Every fold is a minimum, a maximum or a set, so that the order of rows and their
 * repetition change nothing. Pure.
 */
import { createHash } from 'node:crypto';
import { COMMON_SETTINGS, quoteName, type TableLayout } from './table-layout.ts';

/** How rows of one hunting table are folded into one entity table. */
export interface EntityFeed {
  /** Holds a digest of the statement: another fold begins again with what is stored. */
  readonly name: string;
  readonly into: string;
  readonly from: string;
  /** Over rows that stand in the place of {@link SOURCE}. */
  readonly select: string;
}

const SOURCE = '__source__';
/** Names of a file on one device that are kept. */
const MAX_NAMES = 32;
const MAX_KINDS = 16;

const TIME = "DateTime64(7, 'UTC')";
const least = (type: string) => `SimpleAggregateFunction(min, ${type})`;
const most = (type: string) => `SimpleAggregateFunction(max, ${type})`;
const set = (limit: number) => `SimpleAggregateFunction(groupUniqArrayArray(${limit}), Array(String))`;

const SEEN = [
  { name: 'FirstSeen', type: least(TIME) },
  { name: 'LastSeen', type: most(TIME) },
] as const;

function layout(
  name: string,
  key: readonly { name: string; type: string }[],
  folded: readonly { name: string; type: string }[],
  indexes: readonly string[],
): TableLayout {
  const keys = [{ name: 'TenantId', type: 'UUID' }, ...key, { name: 'DeviceId', type: 'String' }];
  return {
    name,
    columns: [...keys, ...SEEN, ...folded],
    indexes: indexes.map((column) => ({
      name: `has_${column}`,
      definition: `${quoteName(column)} TYPE bloom_filter(0.001) GRANULARITY 1`,
    })),
    partitionBy: null,
    orderBy: keys.map((column) => column.name),
    engine: 'AggregatingMergeTree',
    settings: { ...COMMON_SETTINGS, index_granularity: 1024 },
  };
}

const text = (name: string) => ({ name, type: 'String' });

/** How far the parts of a day are folded: the newest row of a feed and a partition counts. */
export const PROGRESS_LAYOUT: TableLayout = {
  name: 'EntityProgress',
  columns: [
    text('Feed'),
    text('Partition'),
    // The engine numbers the inserts of a table; a part names the first and the last that it holds.
    { name: 'Block', type: 'UInt64' },
    { name: 'FoldedAt', type: TIME },
  ],
  indexes: [],
  partitionBy: null,
  orderBy: ['Feed', 'Partition'],
  engine: 'ReplacingMergeTree(FoldedAt)',
  settings: COMMON_SETTINGS,
};

export const ENTITY_LAYOUTS: readonly TableLayout[] = [
  layout(
    'FileSightings',
    [text('SHA1')],
    [
      { name: 'SHA256', type: most('String') },
      { name: 'MD5', type: most('String') },
      { name: 'Size', type: most('Int64') },
      { name: 'Names', type: set(MAX_NAMES) },
      { name: 'Company', type: most('String') },
      { name: 'Product', type: most('String') },
      { name: 'IsPortableExecutable', type: most('UInt8') },
    ],
    ['SHA256', 'MD5'],
  ),
  layout(
    'FileSignatures',
    [text('SHA1')],
    [
      // The newest word of a device: time first, so that the greatest tuple is the latest.
      {
        name: 'Signature',
        type: most(`Tuple(${TIME}, UInt8, UInt8, String, String, String)`),
      },
    ],
    [],
  ),
  layout('AddressSightings', [text('Address')], [], []),
  layout('DomainSightings', [text('Host')], [], []),
  layout(
    'AccountSightings',
    [text('Account'), text('Domain')],
    [
      { name: 'Name', type: most('String') },
      { name: 'DomainName', type: most('String') },
      { name: 'Sid', type: most('String') },
      { name: 'LogonTypes', type: set(MAX_KINDS) },
      // Numbers of the hours in which there were sign-ins: how much a device is used, whatever comes twice.
      { name: 'Hours', type: 'AggregateFunction(groupBitmap, UInt32)' },
    ],
    ['DeviceId'],
  ),
  // One row for each half hour: whether an address was a device's within a quarter of an hour of a moment follows from the two ends.
  layout('DeviceAddresses', [text('Address'), { name: 'HalfHour', type: "DateTime('UTC')" }], [], []),
];

/** An address in the one spelling that tables hold and readers ask for; '' for what is none. */
export const canonicalAddress = (expression: string) =>
  `multiIf(isIPv4String(${expression}), ${expression}, isIPv6String(${expression}), replaceOne(IPv6NumToString(IPv6StringToNumOrDefault(${expression})), '::ffff:', ''), '')`;

/** The host of an address with or without scheme, account, port and path, in lower case. */
const hostOf = (column: string) =>
  `trim(TRAILING '.' FROM lower(extract(${column}, '^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#:\\\\[\\\\]]+)')))`;

const seen = 'min(Timestamp) AS FirstSeen, max(Timestamp) AS LastSeen';

function files(from: string, more: { company?: string; product?: string; runs: boolean }): EntityFeed {
  const described = more.company && more.product ? `${more.company} != '' OR ${more.product} != ''` : '0';
  const runs = more.runs ? "match(FileName, '(?i)\\\\.(exe|dll|sys|ocx|scr|cpl|drv|efi)$')" : '0';
  return feed(
    'FileSightings',
    from,
    `SELECT TenantId, lower(SHA1) AS SHA1, DeviceId, ${seen}, max(lower(s.SHA256)) AS SHA256, max(lower(s.MD5)) AS MD5,
       max(ifNull(FileSize, 0)) AS Size, groupUniqArray(${MAX_NAMES})(toString(FileName)) AS Names,
       max(${more.company ?? "''"}) AS Company, max(${more.product ?? "''"}) AS Product,
       max(toUInt8(${described} OR ${runs})) AS IsPortableExecutable
     FROM ${SOURCE} AS s WHERE s.SHA1 != '' GROUP BY TenantId, SHA1, DeviceId`,
  );
}

function feed(into: string, from: string, select: string): EntityFeed {
  const digest = createHash('sha256').update(select).digest('hex').slice(0, 8);
  return { name: `${into}_${from}_${digest}`, into, from, select };
}

export const ENTITY_FEEDS: readonly EntityFeed[] = [
  files('DeviceProcessEvents', {
    company: 'ProcessVersionInfoCompanyName',
    product: 'ProcessVersionInfoProductName',
    runs: true,
  }),
  files('DeviceFileEvents', { runs: false }),
  files('DeviceImageLoadEvents', { runs: true }),
  feed(
    'FileSignatures',
    'DeviceFileCertificateInfo',
    `SELECT TenantId, lower(SHA1) AS SHA1, DeviceId, ${seen},
       max((Timestamp, toUInt8(ifNull(IsSigned, 0)), toUInt8(ifNull(IsTrusted, 0)), Signer, SignerHash, Issuer)) AS Signature
     FROM ${SOURCE} AS s WHERE s.SHA1 != '' GROUP BY TenantId, SHA1, DeviceId`,
  ),
  feed(
    'AddressSightings',
    'DeviceNetworkEvents',
    `SELECT TenantId, ${canonicalAddress('RemoteIP')} AS Address, DeviceId, ${seen}
     FROM ${SOURCE} WHERE Address != '' GROUP BY TenantId, Address, DeviceId`,
  ),
  feed(
    'DomainSightings',
    'DeviceNetworkEvents',
    `SELECT TenantId, ${hostOf('RemoteUrl')} AS Host, DeviceId, ${seen}
     FROM ${SOURCE} WHERE RemoteUrl != '' AND Host != '' AND NOT isIPv4String(Host) GROUP BY TenantId, Host, DeviceId`,
  ),
  feed(
    'DeviceAddresses',
    'DeviceNetworkEvents',
    `SELECT TenantId, ${canonicalAddress('LocalIP')} AS Address, toStartOfInterval(toDateTime(Timestamp, 'UTC'), INTERVAL 30 MINUTE) AS HalfHour, DeviceId, ${seen}
     FROM ${SOURCE} WHERE Address != '' AND Address NOT IN ('127.0.0.1', '::1', '0.0.0.0', '::') GROUP BY TenantId, Address, HalfHour, DeviceId`,
  ),
  feed(
    'DeviceAddresses',
    'DeviceNetworkInfo',
    `SELECT TenantId, ${canonicalAddress('Written')} AS Address, toStartOfInterval(toDateTime(Timestamp, 'UTC'), INTERVAL 30 MINUTE) AS HalfHour, DeviceId, ${seen}
     FROM (SELECT TenantId, DeviceId, Timestamp, arrayJoin(arrayMap(entry -> if(JSONType(entry) = 'Object', JSONExtractString(entry, 'IPAddress'), JSONExtractString(entry)),
       JSONExtractArrayRaw(IPAddresses))) AS Written FROM ${SOURCE})
     WHERE Address != '' AND Address NOT IN ('127.0.0.1', '::1', '0.0.0.0', '::') GROUP BY TenantId, Address, HalfHour, DeviceId`,
  ),
  feed(
    'AccountSightings',
    'DeviceLogonEvents',
    `SELECT TenantId, lowerUTF8(AccountName) AS Account, lowerUTF8(AccountDomain) AS Domain, DeviceId, ${seen},
       max(toString(AccountName)) AS Name, max(toString(AccountDomain)) AS DomainName, max(AccountSid) AS Sid,
       groupUniqArray(${MAX_KINDS})(LogonType) AS LogonTypes, groupBitmapState(toUInt32(intDiv(toUnixTimestamp(toDateTime(Timestamp, 'UTC')), 3600))) AS Hours
     FROM ${SOURCE} WHERE AccountName != '' AND ActionType = 'LogonSuccess' GROUP BY TenantId, Account, Domain, DeviceId`,
  ),
];

/** The number of the last insert that a part holds, by the part's name: `20261124_7_9_1`, with another number behind it after a change of its rows. */
const LAST_BLOCK = "toUInt64(splitByChar('_', _part)[3])";

/**
 * Folds the parts of some partitions that hold anything later than what is folded of each. Parameters: `partitions` Array(String) and, in the same
 * order, `folded` Array(UInt64).
 */
export function foldStatement(database: string, { into, from, select }: EntityFeed): string {
  const columns = columnsOf(into);
  // Both columns are of the part, not of its rows: parts without news are not opened.
  const news = `(SELECT * FROM ${quoteName(database)}.${quoteName(from)} WHERE _partition_id IN {partitions:Array(String)}
    AND ${LAST_BLOCK} > transform(_partition_id, {partitions:Array(String)}, {folded:Array(UInt64)}, toUInt64(0)))`;
  return `INSERT INTO ${quoteName(database)}.${quoteName(into)} (${columns}) SELECT ${columns} FROM (${select.replace(SOURCE, news)})`;
}

function columnsOf(table: string): string {
  const found = ENTITY_LAYOUTS.find(({ name }) => name === table);
  if (!found) throw new Error(`there is no entity table ${table}`);
  return found.columns.map((column) => quoteName(column.name)).join(', ');
}
