/** Why an example cannot agree, and which: the page, and its ordinal among the page's examples that print a result. */
const reasons: readonly (readonly [reason: string, examples: readonly string[]])[] = [
  [
    'depends on the time it runs at',
    [
      'now-function 1',
      'range-operator 1',
      'range-operator 2',
      'range-operator 3',
      'datetime-utc-to-local-function 1',
    ],
  ],
  [
    'depends on chance',
    [
      'new-guid-function 1',
      'toscalar-function 3',
      'named-expressions 1',
      'named-expressions 2',
      'named-expressions 3',
      'sample-operator 1',
      'sample-operator 2',
      'join-time-window 3',
      'pattern-statement 2',
      'reduce-operator 2',
    ],
  ],
  [
    'depends on chance: activity-plug-in pages make their rows with rand()',
    [
      'activity-metrics-plugin 1',
      'activity-metrics-plugin 2',
      'new-activity-metrics-plugin 3',
      'new-activity-metrics-plugin 4',
      'new-activity-metrics-plugin 5',
    ],
  ],
  ['shows one of several results that the page itself calls right', ['join-innerunique 3']],
  [
    'reads what only the help cluster has',
    [
      'cluster-function 1',
      'cluster-function 2',
      'alias-statement 2',
      'alias-statement 3',
      'database-function 2',
    ],
  ],
  ['reads an address outside', ['ipv4-lookup-plugin 3', 'ipv4-lookup-plugin 4']],
  [
    'needs a database of locations, which the operator supplies',
    ['geo-info-from-ip-address-function 1', 'geo-info-from-ip-address-function 2'],
  ],
  [
    'searches the tables of the help cluster',
    [
      'find-operator 1',
      'find-operator 2',
      'find-operator 3',
      'find-operator 4',
      'search-operator 1',
      'search-operator 2',
      'search-operator 4',
    ],
  ],
  ['prints the first rows of the result only', ['series-iir-function 1']],
  [
    'the page leaves out most of its result with "..."',
    ['geo-h3cell-children-function 3', 'geo-h3cell-rings-function 4', 'geo-polygon-to-h3cells-function 2'],
  ],
  [
    'lists a set, whose order is not told, in another order',
    [
      'geo-polygon-to-h3cells-function 1',
      'geo-s2cell-neighbors-function 1',
      'geo-s2cell-neighbors-function 2',
      'geo-s2cell-neighbors-function 3',
    ],
  ],
  [
    'lists rows, whose order is not told, in another order, with another name in one than its query has',
    ['geo-polygon-lookup-plugin 1'],
  ],
  ['begins the same ring at another of its corners', ['geo-geohash-neighbors-function 4']],
  ['the page prints the place of one row in the next', ['geospatial-joins 2']],
  ['names any one member of a group as its example', ['reduce-operator 1']],
  ['tells the size of what the service holds in memory', ['using-hll-tdigest 1']],
  [
    'is about who asks',
    [
      'current-principal-details-function 1',
      'current-principal-function 1',
      'current-principal-is-member-of-function 1',
      'current-principal-is-member-of-function 2',
    ],
  ],
  ['the way hashes are combined is not published', ['hash-combine-function 1', 'hash-many-function 1']],
  [
    "is refused by Microsoft's own binder",
    ['make-timespan-function 1', 'summarize-operator 6', 'summarize-operator 9'],
  ],
  [
    'the page prints the result of another argument than the query has',
    [
      'asin-function 1',
      'array-iff-function 3',
      'series-acos-function 1',
      'series-atan-function 1',
      'series-cos-function 1',
      'series-sin-function 1',
      'series-tan-function 1',
      'series-magnitude-function 1',
      'toguid-function 1',
      'geo-polygon-to-s2cells-function 1',
      'url-encode-component-function 1',
      'url-encode-function 1',
    ],
  ],
  [
    'the page prints the variance of a sample for that of a population',
    ['variancepif-aggregation-function 1'],
  ],
  [
    'the page swaps two bytes: encoding and decoding on its sister page do not',
    ['base64-decode-toguid-function 1'],
  ],
  [
    'the page prints the digits of a real for a whole number',
    ['replace-regex-function 1', 'replace-string-function 2'],
  ],
  [
    'the page prints JSON that is none',
    ['parse-url-function 1', 'parse-url-query-function 1', 'geo-polygon-centroid-function 3'],
  ],
  ['the page prints two results of one function for one series', ['series-fill-linear-function 1']],
  ['the page lays the one value out as a list', ['strcat-function 2']],
  ['the page prints a heading and no row', ['unicode-codepoints-to-string-function 5']],
];

export const exceptions: ReadonlyMap<string, string> = new Map(
  reasons.flatMap(([reason, examples]) => examples.map((example) => [example, reason] as const)),
);
