import { beforeAll, describe, expect, it } from 'vitest';
import { refusal, translated } from './testing/translated.ts';

// Loading the binder and building its grammar is the slow part, once.
beforeAll(() => void translated('print 1'), 120_000);

describe('a translation', () => {
  it('has the columns of the binder, in its order', () => {
    const { columns } = translated(
      'DeviceInfo | summarize count(), dcount(DeviceId) by OSPlatform, bin(Timestamp, 1d)',
    );
    expect(columns).toEqual([
      { name: 'OSPlatform', type: 'string' },
      { name: 'Timestamp', type: 'datetime' },
      { name: 'count_', type: 'long' },
      { name: 'dcount_DeviceId', type: 'long' },
    ]);
  });

  it('says which columns of which tables it depends on, and no others', () => {
    const { reads, sql } = translated(
      'DeviceProcessEvents | where FileName == "x" | extend Unused = tolower(FolderPath) | join kind=inner (DeviceInfo) on DeviceId | project OSPlatform',
    );
    expect(reads).toEqual([
      { table: 'DeviceProcessEvents', columns: ['DeviceId', 'FileName'] },
      { table: 'DeviceInfo', columns: ['DeviceId', 'OSPlatform'] },
    ]);
    expect(sql).not.toContain('FolderPath');
  });

  it('keeps time bounds as constants beside the bare column, so that partitions are pruned', () => {
    const { sql } = translated('DeviceInfo | where Timestamp > ago(2 * 1h) | project DeviceId');
    expect(sql).toMatch(
      /\(c\d+ > reinterpret\(toInt64\(17955144000000000\), 'DateTime64\(7,\\'UTC\\'\)'\)\)/,
    );
    expect(sql).toContain('`Timestamp` AS');
  });

  it('limits every table to the span of time it is given, within the look-back', () => {
    const from = new Date('2026-11-23T00:00:00Z');
    const until = new Date('2026-11-24T00:00:00Z');
    const ticks = (at: Date) => `toInt64(${BigInt(at.getTime()) * 10_000n})`;
    const { sql } = translated('union DeviceInfo, DeviceEvents | count', { from, until });
    expect(sql.split(`\`Timestamp\` >= reinterpret(${ticks(from)}`)).toHaveLength(3);
    expect(sql.split(`\`Timestamp\` <= reinterpret(${ticks(until)}`)).toHaveLength(3);
    const long = translated('DeviceInfo | count', { from: new Date(0) }).sql;
    expect(long).toBe(translated('DeviceInfo | count').sql);
  });

  it('limits every table to the look-back', () => {
    const days = (lookbackDays: number) => translated('DeviceInfo | count', { lookbackDays }).sql;
    expect(days(30)).toContain('`Timestamp` >= reinterpret(toInt64(17929296000000000)');
    expect(days(1)).toContain('`Timestamp` >= reinterpret(toInt64(17954352000000000)');
  });

  it('finds the text index: `has` of a plain term is a token of the lowered column', () => {
    const { sql, parameters } = translated(
      'DeviceProcessEvents | where ProcessCommandLine has "WhoAmI" | project FileName',
    );
    expect(sql).toMatch(/hasToken\(lower\(c\d+\), \{p0:String\}\)/);
    expect(parameters).toMatchObject({ p0: 'whoami' });
  });

  it('takes one parameter for equal values', () => {
    const { parameters } = translated('print a = "same", b = "same", c = "other"');
    expect(parameters).toEqual({ p0: 'same', p1: 'other' });
  });

  it('ends in the row limit', () => {
    expect(translated('DeviceInfo | sort by Timestamp asc', { maxRows: 100 }).sql).toMatch(
      / ORDER BY c\d+ ASC NULLS FIRST LIMIT 100$/,
    );
  });

  it('orders the outermost SELECT by what the rows were sorted by, even when that is no longer a column', () => {
    const { sql, columns } = translated(
      'DeviceInfo | sort by Timestamp desc | project DeviceId | where DeviceId != ""',
    );
    expect(columns).toEqual([{ name: 'DeviceId', type: 'string' }]);
    expect(sql).toMatch(/ORDER BY c\d+ DESC NULLS LAST$/);
  });

  it('computes what `materialize` holds once', () => {
    const { sql } = translated(
      'let m = materialize(DeviceInfo | extend r = rand()); m | join kind=inner m on r | count',
    );
    expect(sql.match(/rand64/g)).toHaveLength(1);
    expect(sql).toMatch(/^WITH s1 AS MATERIALIZED \(/);
  });

  it('does not multiply the statement when templates mention an argument several times', () => {
    const nested = (depth: number) =>
      `print x = ${'tostring(totimespan('.repeat(depth)}"01:00:00"${'))'.repeat(depth)}`;
    const [short, long] = [translated(nested(4)).sql.length, translated(nested(8)).sql.length];
    expect(long).toBeLessThan(short * 3);
    const deep = `DeviceInfo | extend x = ${'bin(abs('.repeat(12)}OSBuild${'), OSBuild)'.repeat(12)} | project x`;
    expect(translated(deep).sql.length).toBeLessThan(20_000);
  });

  it('passes on the chart that render asks for', () => {
    expect(translated('DeviceInfo | summarize count() by OSPlatform | render piechart').chart).toBe(
      'piechart',
    );
  });

  it('is the same for the same query', () => {
    const text = 'DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId | where OSPlatform has "x"';
    expect(translated(text)).toEqual(translated(text));
  });
});

describe('aliases', () => {
  it('resolve former names of tables and columns, and leave no trace in `*`', () => {
    const { reads, columns } = translated('MachineInfo | where EventTime > ago(1d) and ComputerName == "x"');
    expect(reads.map((read) => read.table)).toEqual(['DeviceInfo']);
    expect(columns.map((column) => column.name)).toEqual(
      translated('DeviceInfo').columns.map((column) => column.name),
    );
  });

  it('keep the name they were given when a result names them', () => {
    expect(translated('DeviceInfo | where TimeGenerated > ago(1d) | project TimeGenerated').columns).toEqual([
      { name: 'TimeGenerated', type: 'datetime' },
    ]);
  });

  it('do not widen arg_max(…, *) or pack_all()', () => {
    const plain = translated('DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId').columns;
    const aliased = translated(
      'DeviceInfo | where TimeGenerated > ago(1d) | summarize arg_max(Timestamp, *) by DeviceId',
    ).columns;
    expect(aliased).toEqual(plain);
    expect(
      Object.values(
        translated('DeviceInfo | where TimeGenerated > ago(1d) | project p = pack_all()').parameters,
      ),
    ).not.toContain('TimeGenerated');
  });

  it('let AdditionalFields be an object, and a text where only a text will do', () => {
    expect(translated('DeviceEvents | project x = AdditionalFields.a').columns).toEqual([
      { name: 'x', type: 'dynamic' },
    ]);
    expect(translated('DeviceEvents | summarize count() by AdditionalFields').columns[0]).toEqual({
      name: 'AdditionalFields',
      type: 'string',
    });
  });
});

describe('errors', () => {
  it.each([
    ['DeviceInfo | where', 'syntax', 18, 0],
    ['DeviceInfo | nonsense', 'syntax', 13, 8],
    ['', 'syntax', 0, 0],
    ['DeviceInfo | where Nope == 1', 'semantic', 19, 4],
    ['NoSuchTable | take 1', 'semantic', 0, 11],
    ['DeviceInfo | where OSBuild', 'semantic', 19, 7],
    ['DeviceInfo | where DeviceName matches regex "("', 'semantic', 44, 3],
    ['print datetime(2026-02-30)', 'semantic', 6, 20],
  ])('%s: %s', (text, kind, start, length) => {
    expect(refusal(text)).toMatchObject({ kind, start, length });
  });

  it('speak the binder’s words', () => {
    expect(refusal('DeviceInfo | where Nope == 1').message).toBe(
      "The name 'Nope' does not refer to any known column, table, variable or function.",
    );
  });

  it('blame the typo rather than the alias before it', () => {
    expect(refusal('DeviceInfo | where TimeGenerated > ago(1d) and Nope == 1')).toMatchObject({
      start: 47,
      length: 4,
    });
  });

  it.each([
    ['DeviceInfo | evaluate http_request("https://example.org")', 'plugin http_request', 13],
    ['EmailUrlInfo | take 1', 'table EmailUrlInfo', 0],
    ['cluster("x").database("y").T | count', 'a reference to another database or cluster', 0],
    ['.show tables', 'a management command', 0],
    [
      'let f = (a:string) { DeviceInfo | extend z = current_principal() }; f("x")',
      'function current_principal()',
      45,
    ],
    ['union kind=inner (print a = 1), (print a = 2, b = "x") | project b', "the name 'b' as a scalar", 65],
    ['union isfuzzy=true Nope, Neither', 'a union of which no table is there', 0],
    ['print format_datetime(now(), "QQQ")', "format_datetime() with the format 'QQQ'", 6],
    ['DeviceInfo | extend n = row_number()', 'row_number() of rows in no order: sort them first', 24],
  ])('%s is refused by name', (text, construct, start) => {
    expect(refusal(text)).toMatchObject({ kind: 'unsupported', construct, start });
  });

  it('refuse a sub-query about the outer row instead of misreading it', () => {
    const text =
      'let f = (x:string) { toscalar(DeviceInfo | where DeviceName == x | count) }; DeviceInfo | extend n = f(DeviceName)';
    expect(['semantic', 'unsupported']).toContain(refusal(text).kind);
  });

  it.each([
    ['brackets', `print ${'('.repeat(5_000)}1${')'.repeat(5_000)}`],
    ['open brackets', '['.repeat(1_000)],
    ['pipes', `DeviceInfo ${'| where DeviceId != "" | take 5 '.repeat(200)}`],
    ['text', `print "${'x'.repeat(400_001)}"`],
    [
      'functions that double',
      `let f0 = (x:long) { x }; ${Array.from({ length: 12 }, (_, i) => `let f${i + 1} = (x:long) { f${i}(x) + f${i}(x) };`).join(' ')} print f12(1)`,
    ],
  ])(
    'bound %s',
    (_, text) => {
      expect(refusal(text).kind).toBe('unsupported');
    },
    30_000,
  );

  it('take long chains of conditions and pipes', () => {
    const chain = Array.from({ length: 300 }, (_, i) => `DeviceName == "name${i}"`).join(' or ');
    expect(translated(`DeviceInfo | where ${chain} | count`).columns).toHaveLength(1);
    expect(
      translated(`DeviceInfo ${'| where DeviceId != "" | extend a = 1 '.repeat(60)} | count`).columns,
    ).toHaveLength(1);
  });
});
