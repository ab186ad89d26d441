/** For each operator, queries that read tables through it in every position the operator has for one. */
export const operatorQueries: Readonly<Record<string, readonly string[]>> = {
  where: [
    'DeviceInfo | where DeviceId in ((DeviceEvents | project DeviceId))',
    'DeviceInfo | where 1 == 1 or DeviceName != "" // ) OR 1=1 --',
  ],
  extend: ['DeviceInfo | extend Others = toscalar(DeviceEvents | summarize make_set(DeviceName))'],
  project: ['DeviceInfo | project DeviceName, Rows = toscalar(DeviceEvents | count)'],
  'project-away': ['DeviceEvents | project-away Timestamp, ReportId'],
  'project-keep': ['DeviceEvents | project-keep Device*'],
  'project-rename': ['DeviceInfo | project-rename Name = DeviceName'],
  'project-reorder': ['DeviceInfo | project-reorder Device* asc'],
  'project-by-names': ['DeviceInfo | project-by-names "DeviceName", dynamic(["DeviceId"])'],
  summarize: [
    'DeviceInfo | summarize count(), make_set(DeviceName), arg_max(Timestamp, *) by OSPlatform',
    'union DeviceInfo, DeviceEvents | summarize dcount(DeviceId), hll(DeviceName)',
  ],
  sort: ['DeviceInfo | sort by DeviceName asc, Timestamp asc'],
  top: ['DeviceInfo | top 100 by Timestamp'],
  'top-nested': [
    'DeviceInfo | top-nested 100 of DeviceName by n = count(), top-nested 100 of OSPlatform by m = count()',
    'DeviceInfo | top-nested 1 of DeviceName with others = "rest" by n = count()',
  ],
  'top-hitters': ['DeviceInfo | top-hitters 100 of DeviceName'],
  take: ['DeviceInfo | take 1000'],
  sample: ['DeviceInfo | sample 1000'],
  'sample-distinct': ['DeviceInfo | sample-distinct 1000 of DeviceName'],
  distinct: ['DeviceInfo | distinct DeviceName', 'DeviceEvents | distinct *'],
  count: ['DeviceInfo | count', 'union * | count'],
  join: [], // Every kind: see joins below.
  lookup: [],
  union: [
    'union DeviceInfo, DeviceEvents | project DeviceName',
    'union withsource = T Device* | summarize count() by T',
    'union * | summarize count(), make_set(DeviceName)',
    'DeviceInfo | union (DeviceEvents), table("DeviceLogonEvents") | project DeviceName',
    'union isfuzzy = true DeviceInfo, DeviceNoSuchTable | project DeviceName',
    'union cluster("other").database("hunting").DeviceInfo, database("x").DeviceEvents | project DeviceName',
  ],
  search: [
    'search "foreign"',
    'search in (DeviceInfo, DeviceEvents) "own" or "foreign"',
    'DeviceInfo | search "*"',
    'search * | summarize count()',
  ],
  find: [
    'find where DeviceName != ""',
    'find in (DeviceInfo, DeviceEvents) where DeviceName startswith "foreign" or DeviceName startswith "own" project DeviceName, pack_all()',
    'find withsource = S in (Device*) "foreign"',
  ],
  'mv-expand': [
    'DeviceInfo | summarize Names = make_set(DeviceName) | mv-expand Names',
    'DeviceInfo | mv-expand LoggedOnUsers',
  ],
  'mv-apply': [
    'DeviceInfo | mv-apply User = LoggedOnUsers on (extend Rows = toscalar(DeviceEvents | count))',
    'DeviceInfo | summarize Names = make_list(DeviceName) | mv-apply Names on (where DeviceId == "" or true | take 1000)',
  ],
  partition: [
    'DeviceInfo | partition by DeviceId (top 10 by Timestamp)',
    'DeviceInfo | partition hint.strategy=native by DeviceId (summarize count())',
    'DeviceInfo | distinct DeviceId | partition by DeviceId { DeviceEvents | where DeviceId != "" | count }',
  ],
  'make-series': [
    'DeviceInfo | make-series n = count() default = 0 on Timestamp from datetime(2026-10-01) to datetime(2026-12-01) step 7d by DeviceName',
  ],
  parse: ['DeviceInfo | parse DeviceName with Owner "-" Rest'],
  'parse-where': ['DeviceInfo | parse-where DeviceName with Owner "-" Rest'],
  'parse-kv': [
    'DeviceInfo | parse-kv DeviceName as (own:string, foreign:string) with (pair_delimiter = ",", kv_delimiter = "-")',
  ],
  serialize: [
    'DeviceInfo | sort by DeviceName asc, Timestamp asc | serialize n = row_number(), before = prev(DeviceName)',
  ],
  scan: [
    'DeviceInfo | sort by DeviceName asc, Timestamp asc | scan declare (n:long = 0) with (step s: true => n = s.n + 1;)',
  ],
  as: [
    'DeviceInfo | as X | join kind=inner (X | project DeviceId, Again = DeviceName) on DeviceId',
    'DeviceInfo | as T | union (DeviceEvents) | where T.DeviceName != "" or true | count',
  ],
  invoke: [
    'let f = (T:(DeviceName:string)) { T | union (DeviceEvents | project DeviceName) }; DeviceInfo | invoke f()',
    'DeviceFileEvents | invoke FileProfile(SHA1, 1000)',
    'DeviceInfo | invoke SeenBy()',
    'DeviceNetworkEvents | project IP = RemoteIP | invoke DeviceFromIP()',
    'AssignedIPAddresses("foreign-x9")',
  ],
  evaluate: [], // Every plug-in: see plugins below.
  getschema: ['DeviceInfo | getschema', 'union DeviceInfo, DeviceEvents | getschema'],
  render: ['DeviceInfo | summarize count() by DeviceName | render piechart'],
  consume: ['DeviceInfo | consume'],
  facet: ['DeviceInfo | facet by DeviceName'],
  fork: ['DeviceInfo | fork (count) (project DeviceName)'],
  'declare pattern': [
    'declare pattern of = (kind:string) { ("info") = { DeviceInfo | project DeviceName }; }; of("info")',
  ],
  'restrict access': [
    'restrict access to (DeviceInfo); union Device* | project DeviceName',
    'let Own = view () { DeviceEvents | project DeviceName }; restrict access to (*); union Own, (Own)',
  ],
  table: [
    'table(strcat("Device", "Info")) | project DeviceName',
    'table(toscalar(print "DeviceInfo")) | count',
  ],
  reduce: ['DeviceInfo | reduce by DeviceName'],
  'assert-schema': ['DeviceInfo | project DeviceName | assert-schema (DeviceName:string)'],
  'execute-and-cache': [],
  print: [
    'print toscalar(DeviceInfo | summarize strcat_array(make_set(DeviceName), " "))',
    'print toscalar(union * | count)',
  ],
  range: ['range n from 1 to toscalar(DeviceInfo | count) step 1'],
  datatable: ['datatable(DeviceId:string)["foreign-x9", "d1"] | join kind=inner (DeviceInfo) on DeviceId'],
  externaldata: [], // Reads no table.
};

export function joinQueries(kinds: readonly string[], operator: 'join' | 'lookup'): string[] {
  return kinds.flatMap((kind) => [
    `DeviceInfo | ${operator} kind=${kind} (DeviceEvents | project DeviceId, Found = DeviceName) on DeviceId`,
    `DeviceInfo | summarize by DeviceId, DeviceName | ${operator} kind=${kind} (DeviceLogonEvents | summarize n = count(), Names = make_set(DeviceName) by DeviceId) on DeviceId`,
  ]);
}

const window = 'datetime(2026-10-01), datetime(2026-12-01), 7d';

/** By the name of the plug-in. */
export const pluginQueries: Readonly<Record<string, readonly string[]>> = {
  bag_unpack: [
    'DeviceInfo | project d = bag_pack("n", DeviceName) | evaluate bag_unpack(d)',
    'DeviceInfo | project d = bag_pack(DeviceName, 1) | evaluate bag_unpack(d) | getschema',
  ],
  pivot: ['DeviceInfo | project DeviceName, OSPlatform | evaluate pivot(DeviceName)'],
  narrow: ['DeviceInfo | project DeviceName, OSPlatform | evaluate narrow()'],
  ipv4_lookup: [
    'DeviceInfo | project ip = "1.2.3.4", DeviceId | evaluate ipv4_lookup((DeviceEvents | project n = "1.2.3.4", Found = DeviceName), ip, n)',
  ],
  ipv6_lookup: [
    'DeviceInfo | project ip = "fe80::1", DeviceId | evaluate ipv6_lookup((DeviceEvents | project n = "fe80::1", Found = DeviceName), ip, n)',
  ],
  autocluster: ['DeviceInfo | project DeviceName, OSPlatform | evaluate autocluster()'],
  basket: ['DeviceInfo | project DeviceName, OSPlatform | evaluate basket(0.02)'],
  diffpatterns: [
    'union withsource = T DeviceInfo, DeviceEvents | project DeviceName, T | evaluate diffpatterns(T, "DeviceInfo", "DeviceEvents")',
  ],
  diffpatterns_text: [
    'union withsource = T DeviceInfo, DeviceEvents | project DeviceName, c = T == "DeviceInfo" | evaluate diffpatterns_text(DeviceName, c)',
  ],
  active_users_count: [`DeviceInfo | evaluate active_users_count(DeviceName, Timestamp, ${window}, 14d, 1)`],
  activity_counts_metrics: [
    `DeviceInfo | evaluate activity_counts_metrics(DeviceName, Timestamp, ${window})`,
  ],
  activity_engagement: [`DeviceInfo | evaluate activity_engagement(DeviceName, Timestamp, ${window}, 14d)`],
  activity_metrics: [`DeviceInfo | evaluate activity_metrics(DeviceName, Timestamp, ${window})`],
  new_activity_metrics: [`DeviceInfo | evaluate new_activity_metrics(DeviceName, Timestamp, ${window})`],
  session_count: [
    'DeviceInfo | evaluate session_count(DeviceName, Timestamp, datetime(2026-10-01), datetime(2026-12-01), 7d, 1d)',
  ],
  sliding_window_counts: [
    'DeviceInfo | evaluate sliding_window_counts(DeviceName, Timestamp, datetime(2026-10-01), datetime(2026-12-01), 14d, 7d)',
  ],
  sequence_detect: [
    'DeviceInfo | evaluate sequence_detect(Timestamp, 30d, 30d, a = DeviceName startswith "own", b = DeviceName startswith "own", DeviceName)',
  ],
  funnel_sequence: [
    'DeviceInfo | evaluate funnel_sequence(DeviceName, Timestamp, datetime(2026-10-01), datetime(2026-12-01), 30d, 1d, OSPlatform, dynamic(["Linux"]))',
  ],
  funnel_sequence_completion: [
    'DeviceInfo | evaluate funnel_sequence_completion(DeviceName, Timestamp, datetime(2026-10-01), datetime(2026-12-01), 30d, OSPlatform, dynamic(["Linux", "macOS"]), dynamic([1d, 7d]))',
  ],
  dcount_intersect: [
    'union (DeviceInfo | summarize h = hll(DeviceName)), (DeviceEvents | summarize h = hll(DeviceName)) | summarize hs = make_list(h) | project a = hs[0], b = hs[1] | evaluate dcount_intersect(a, b)',
  ],
  rolling_percentile: [
    'DeviceInfo | extend v = strlen(DeviceName) | evaluate rolling_percentile(v, 50, Timestamp, 7d, 2)',
  ],
  rows_near: ['DeviceInfo | sort by Timestamp asc, DeviceName asc | evaluate rows_near(DeviceName != "", 1)'],
  identity: ['DeviceInfo | evaluate identity()'],
  preview: ['DeviceInfo | evaluate preview(1000)'],
  geo_polygon_lookup: [
    'DeviceInfo | extend x = 0.5, y = 0.5 | evaluate geo_polygon_lookup((DeviceInfo | project Found = DeviceName, p = dynamic({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]})), p, x, y)',
  ],
  geo_line_lookup: [
    'DeviceInfo | extend x = 0.5, y = 0.0 | evaluate geo_line_lookup((DeviceInfo | project Found = DeviceName, l = dynamic({"type":"LineString","coordinates":[[0,0],[1,0]]})), l, x, y, 1000)',
  ],
};

/** Names, texts and comments that try to end the statement they stand in. */
export const injections: readonly string[] = [
  `DeviceInfo | where DeviceName == "x' OR 1=1 --" | count`,
  'DeviceInfo | extend ["c1` FROM merlon.DeviceInfo --"] = 1 | count',
  `DeviceInfo | where DeviceName has "') OR (TenantId != '" | count`,
  'DeviceInfo | project ["`"] = DeviceName, ["{tenant:UUID}"] = 1',
  'let ["DeviceInfo) UNION ALL SELECT"] = DeviceInfo; ["DeviceInfo) UNION ALL SELECT"] | project DeviceName',
  'DeviceInfo // */ UNION ALL SELECT * FROM merlon.DeviceInfo /*\n| project DeviceName',
  'DeviceInfo | extend TenantId = "22222222-2222-2222-2222-222222222222" | where TenantId != "" | project DeviceName',
  'let tenant = "22222222-2222-2222-2222-222222222222"; DeviceInfo | extend p0 = tenant | project DeviceName',
  `DeviceInfo | extend x = replace_regex(DeviceName, "own", "\\\\0' UNION") | project x`,
  'DeviceInfo | where DeviceName matches regex @"\\A.*(?:own|foreign)" | project DeviceName',
  "DeviceInfo | extend d = parse_json('{\"a\\'b\":1}') | project d, DeviceName",
];
