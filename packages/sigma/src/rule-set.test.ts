import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventRow } from './field-reader.ts';
import { parseRules } from './parse-rule.ts';
import type { SigmaRule } from './rule.ts';
import { compileRules } from './rule-set.ts';
import { holdsPlainly } from './testing.ts';

interface Source {
  readonly category?: string;
  readonly product?: string;
}

function ruleOf(
  selections: Record<string, unknown>,
  condition: string | string[],
  source: Source = {},
): SigmaRule {
  const { category = 'process_creation', product } = source;
  const text = JSON.stringify({
    title: 'x',
    logsource: { category, ...(product ? { product } : {}) },
    detection: { ...selections, condition },
  });
  const [rule] = parseRules(text);
  if (!rule) throw new Error('no rule');
  return rule;
}

/** Does one selection hold for a process start with these columns? */
function holds(
  selection: unknown,
  row: EventRow,
  source: Source & { table?: string; platform?: string } = {},
): boolean {
  const { table = 'DeviceProcessEvents', platform = 'Windows11' } = source;
  const rule = ruleOf({ s: selection }, 's', source);
  const whole = { ActionType: 'ProcessCreated', ...row };
  const matched = compileRules([rule]).match(table, whole, { osPlatform: platform }).length > 0;
  expect(holdsPlainly(rule, table, whole, { osPlatform: platform })).toBe(matched);
  return matched;
}

const process = (line: string): EventRow => ({
  ProcessCommandLine: line,
  FolderPath: 'C:\\Windows\\System32\\cmd.exe',
  FileName: 'cmd.exe',
});

describe('a value', () => {
  it.each([
    [{ CommandLine: 'CMD /c DIR' }, 'cmd /C dir', true],
    [{ CommandLine: 'cmd' }, 'cmd /c dir', false],
    [{ 'CommandLine|cased': 'CMD' }, 'cmd', false],
    [{ 'CommandLine|cased|contains': 'C D' }, 'AC DC', true],
    [{ CommandLine: 'cmd*dir' }, 'cmd /c dir', true],
    [{ 'CommandLine|contains': ['x', 'DIR'] }, 'cmd /c dir', true],
    [{ 'CommandLine|contains|all': ['x', 'DIR'] }, 'cmd /c dir', false],
    [{ 'CommandLine|contains|all': ['cmd', 'DIR'] }, 'cmd /c dir', true],
    [{ 'CommandLine|startswith': 'cmd' }, 'cmd /c dir', true],
    [{ 'CommandLine|startswith': 'md' }, 'cmd /c dir', false],
    [{ 'CommandLine|endswith': '\\dir' }, 'cmd /c \\dir', true],
    [{ 'CommandLine|re': 'c.d\\s' }, 'cmd /c dir', true],
    [{ 'CommandLine|re': 'C.D' }, 'cmd /c dir', false],
    [{ 'CommandLine|re|i': 'C.D' }, 'cmd /c dir', true],
    [{ 'CommandLine|re': '^b' }, 'a\nb', false],
    [{ 'CommandLine|re|m': '^b' }, 'a\nb', true],
    [{ 'CommandLine|re': 'a.b' }, 'a\nb', false],
    [{ 'CommandLine|re|s': 'a.b' }, 'a\nb', true],
    [{ 'CommandLine|windash|contains': ' -urlcache' }, 'certutil /urlcache', true],
    [{ 'CommandLine|contains|windash': ' -urlcache' }, 'certutil \u2015urlcache', true],
    [{ 'CommandLine|base64|contains': 'hello' }, 'x aGVsbG8= y', true],
    [{ 'CommandLine|neq': 'cmd' }, 'dir', true],
    [{ 'CommandLine|neq': ['cmd', 'dir'] }, 'dir', false],
    [{ CommandLine: null }, '', true],
    [{ CommandLine: '' }, '', true],
    [{ CommandLine: null }, 'a', false],
    [{ CommandLine: '*' }, '', false],
    [{ 'CommandLine|exists': true }, 'a', true],
    [{ 'CommandLine|exists': false }, 'a', false],
    [{ 'CommandLine|contains': 'ΣΑ' }, 'xσαx', true],
    [{ 'CommandLine|contains': 'ΟΔΟΣ' }, 'ΟΔΟΣ', true],
    [{ 'CommandLine|contains': 'kelvin' }, '\u212aelvin', true],
    [{ CommandLine: 7 }, '7', true],
    [{ CommandLine: true }, 'TRUE', true],
  ])('%j on %j: %s', (selection, line, expected) => {
    expect(holds(selection, process(line))).toBe(expected);
  });

  it('in base64 is found at every alignment', () => {
    for (const before of ['', 'a', 'ab', 'abc']) {
      const line = Buffer.from(`${before}http://evil`, 'utf8').toString('base64');
      expect(holds({ 'CommandLine|base64offset|contains': 'http://' }, process(line))).toBe(true);
      const wide = Buffer.from(`${before}IEX (New`, 'utf16le').toString('base64');
      expect(holds({ 'CommandLine|wide|base64offset|contains': 'IEX (' }, process(wide))).toBe(true);
    }
  });

  it('compares numbers', () => {
    expect(holds({ 'ProcessId|gt': 10 }, { ProcessId: 11 })).toBe(true);
    expect(holds({ 'ProcessId|gte': 11 }, { ProcessId: '11' })).toBe(true);
    expect(holds({ 'ProcessId|lt': 11 }, { ProcessId: 11 })).toBe(false);
    expect(holds({ 'ProcessId|lte': 11 }, {})).toBe(false);
    expect(holds({ ProcessId: 11 }, { ProcessId: 11 })).toBe(true);
  });

  it('compares fields', () => {
    const row = {
      FolderPath: '/bin/a',
      FileName: 'a',
      InitiatingProcessFolderPath: '/BIN/A',
      InitiatingProcessFileName: 'A',
    };
    expect(holds({ 'Image|fieldref': 'ParentImage' }, row)).toBe(true);
    expect(holds({ 'Image|fieldref|cased': 'ParentImage' }, row)).toBe(false);
    expect(holds({ 'Image|fieldref|endswith': 'FileName' }, row)).toBe(true);
    expect(holds({ 'Image|fieldref': 'CommandLine' }, row)).toBe(false);
  });
});

describe('fields', () => {
  it('give a path its file name, whatever of it the row has', () => {
    for (const row of [
      { FolderPath: 'C:\\x\\cmd.exe', FileName: 'CMD.exe' },
      { FolderPath: 'C:\\x', FileName: 'cmd.exe' },
      { FolderPath: 'C:\\x\\', FileName: 'cmd.exe' },
    ]) {
      expect(holds({ Image: 'C:\\x\\cmd.exe' }, row)).toBe(true);
    }
    expect(holds({ 'Image|endswith': '\\cmd.exe' }, { FileName: 'cmd.exe' })).toBe(true);
    expect(holds({ 'Image|endswith': '/sh' }, { FileName: 'sh' }, { platform: 'Linux' })).toBe(true);
    expect(
      holds({ Image: '/bin/bash' }, { FolderPath: '/bin/bash', FileName: 'sh' }, { platform: 'Linux' }),
    ).toBe(false);
  });

  it('write users as each system does', () => {
    const row = { AccountDomain: 'nt authority', AccountName: 'system' };
    expect(holds({ User: 'NT AUTHORITY\\SYSTEM' }, row)).toBe(true);
    expect(holds({ User: 'system' }, row, { platform: 'Linux' })).toBe(true);
  });

  it('join hashes as Sysmon does', () => {
    expect(holds({ 'Hashes|contains': 'MD5=ab' }, { SHA1: 'cd', MD5: 'ab' })).toBe(true);
  });

  it('turn ends of a connection by who began it', () => {
    const table = { category: 'network_connection', table: 'DeviceNetworkEvents' };
    const row = { LocalIP: '10.0.0.1', LocalPort: 5, RemoteIP: '8.8.8.8', RemotePort: 443 };
    const out = { ...row, ActionType: 'ConnectionSuccess' };
    const inward = { ...row, ActionType: 'InboundConnectionAccepted' };
    expect(holds({ DestinationIp: '8.8.8.8', Initiated: 'true', DestinationPort: 443 }, out, table)).toBe(
      true,
    );
    expect(
      holds({ 'SourceIp|cidr': '8.0.0.0/8', Initiated: 'false', DestinationPort: 5 }, inward, table),
    ).toBe(true);
    expect(
      holds({ DestinationIp: '8.8.8.8' }, { ...row, ActionType: 'ListeningConnectionCreated' }, table),
    ).toBe(false);
  });

  it('find registry values and what AdditionalFields holds', () => {
    const registry = { category: 'registry_set', table: 'DeviceRegistryEvents' };
    const row = { ActionType: 'RegistryValueSet', RegistryKey: 'HKLM\\Run', RegistryValueName: 'x' };
    expect(holds({ 'TargetObject|endswith': '\\run\\X' }, row, registry)).toBe(true);
    const dns = { category: 'dns_query', table: 'DeviceEvents', platform: 'Linux' };
    const answer = (fields: unknown) => ({ ActionType: 'DnsQueryResponse', AdditionalFields: fields });
    expect(holds({ QueryName: 'evil.example' }, answer('{"DnsQueryString":"evil.example"}'), dns)).toBe(true);
    expect(holds({ QueryName: 'evil.example' }, answer({ DnsQueryString: 'evil.example' }), dns)).toBe(true);
    expect(
      holds({ 'QueryResults|contains': '1.2.3.4' }, answer('{"DnsQueryResult":[{"Result":"1.2.3.4"}]}'), dns),
    ).toBe(true);
    for (const bad of ['{', '[]', 'null', 7, '"DnsQueryString"'])
      expect(holds({ QueryName: 'x' }, answer(bad), dns)).toBe(false);
    expect(
      holds({ 'AdditionalFields.toString': 'x' }, answer('{}'), { ...dns, category: 'DeviceEvents' }),
    ).toBe(false);
  });

  it('are columns when a hunting table is the category', () => {
    const row = { ActionType: 'SudoCommand', AccountName: 'eve', AdditionalFields: '{"Command":"id"}' };
    const source = { category: 'DeviceEvents', table: 'DeviceEvents', platform: 'Linux' };
    expect(
      holds({ ActionType: 'SudoCommand', 'AdditionalFields.Command': 'ID', AccountName: 'eve' }, row, source),
    ).toBe(true);
  });

  it("are all searched for a keyword, but not the device's name", () => {
    const row = { ProcessCommandLine: 'run Mimikatz now', DeviceName: 'sekurlsa', AccountName: 'bob' };
    expect(holds('mimikatz', row)).toBe(true);
    expect(holds(['other', 'BOB'], row)).toBe(true);
    expect(holds({ '|all': ['mimikatz', 'bob'] }, row)).toBe(true);
    expect(holds({ '|all': ['mimikatz', 'alice'] }, row)).toBe(false);
    expect(holds({ '|re': 'Mimi.atz' }, row)).toBe(true);
    expect(holds('sekurlsa', row)).toBe(false);
  });
});

describe('a rule set', () => {
  it('shows an event only to rules of its system, table and kind', () => {
    const rules = [
      ruleOf({ s: { Image: '*' } }, 's', { product: 'windows' }),
      ruleOf({ s: { Image: '*' } }, 's', { product: 'linux' }),
      ruleOf({ s: { Image: '*' } }, 's'),
      ruleOf({ s: { TargetFilename: '*' } }, 's', { category: 'file_delete' }),
      ruleOf({ s: { TargetFilename: '*' } }, 's', { category: 'file_event' }),
      ruleOf({ s: { FileName: '*' } }, 's', { category: 'DeviceFileEvents' }),
    ];
    const set = compileRules(rules);
    const found = (table: string, action: string, platform: string) =>
      set
        .match(table, { ActionType: action, FileName: 'a' }, { osPlatform: platform })
        .map((m) => rules.indexOf(m.rule))
        .sort();
    expect(found('DeviceProcessEvents', 'ProcessCreated', 'WindowsServer2019')).toEqual([0, 2]);
    expect(found('DeviceProcessEvents', 'ProcessCreated', 'Linux')).toEqual([1, 2]);
    expect(found('DeviceProcessEvents', 'OpenProcess', 'Linux')).toEqual([]);
    expect(found('DeviceFileEvents', 'FileDeleted', 'macOS')).toEqual([3, 5]);
    expect(found('DeviceFileEvents', 'FileRenamed', 'macOS')).toEqual([4, 5]);
    expect(found('DeviceFileEvents', 'Other', 'macOS')).toEqual([5]);
    expect(found('DeviceFileEvents', 'FileDeleted', 'iOS')).toEqual([]);
    expect(found('Nowhere', 'FileDeleted', 'Linux')).toEqual([]);
  });

  it('says which selections held, and by which fields', () => {
    const rule = ruleOf(
      {
        tool: { 'Image|endswith': '/curl' },
        pipe_a: { 'CommandLine|contains': ['| sh', '| bash'] },
        pipe_b: { CommandLine: 'no' },
        filter: { User: 'root' },
      },
      'tool and 1 of pipe_* and not filter',
      { product: 'linux' },
    );
    const row = {
      ActionType: 'ProcessCreated',
      FolderPath: '/usr/bin/curl',
      FileName: 'curl',
      ProcessCommandLine: 'curl x | sh',
      AccountName: 'eve',
    };
    expect(compileRules([rule]).match('DeviceProcessEvents', row, { osPlatform: 'Linux' })).toEqual([
      {
        rule,
        selections: [
          {
            name: 'tool',
            fields: [{ field: 'Image', columns: ['FolderPath', 'FileName'], value: '/usr/bin/curl' }],
          },
          {
            name: 'pipe_a',
            fields: [{ field: 'CommandLine', columns: ['ProcessCommandLine'], value: 'curl x | sh' }],
          },
        ],
      },
    ]);
  });

  it('reads conditions by the precedence of their words', () => {
    const holdsFor = (condition: string | string[], a: boolean, b: boolean, c: boolean) => {
      const row = {
        ActionType: 'ProcessCreated',
        FileName: a ? 'y' : 'n',
        SHA1: b ? 'y' : 'n',
        MD5: c ? 'y' : 'n',
      };
      const rule = ruleOf({ a: { FileName: 'y' }, b: { SHA1: 'y' }, _c: { MD5: 'y' } }, condition);
      return compileRules([rule]).match('DeviceProcessEvents', row, { osPlatform: 'Linux' }).length > 0;
    };
    const cases: [string | string[], (a: boolean, b: boolean, c: boolean) => boolean][] = [
      ['a or b and _c', (a, b, c) => a || (b && c)],
      ['(a or b) and _c', (a, b, c) => (a || b) && c],
      ['not a and b', (a, b) => !a && b],
      ['not (a and b)', (a, b) => !(a && b)],
      ['not not a', (a) => a],
      ['1 of them', (a, b) => a || b],
      ['all of them', (a, b) => a && b],
      ['ANY OF *', (a, b, c) => a || b || c],
      ['all of _*', (_a, _b, c) => c],
      [['a', 'b and _c'], (a, b, c) => a || (b && c)],
    ];
    for (const [condition, expected] of cases) {
      for (let bits = 0; bits < 8; bits++) {
        const [a, b, c] = [(bits & 1) > 0, (bits & 2) > 0, (bits & 4) > 0];
        expect({ condition, a, b, c, holds: holdsFor(condition, a, b, c) }).toEqual({
          condition,
          a,
          b,
          c,
          holds: expected(a, b, c),
        });
      }
    }
  });

  it('finds what each rule alone finds', () => {
    const text = fc.oneof(
      fc.string({
        unit: fc.constantFrom(
          'a',
          'b',
          'A',
          'k',
          's',
          '\\',
          '/',
          '.',
          ' ',
          '-',
          '\u212a',
          'ſ',
          'Σ',
          'ς',
          'İ',
        ),
        maxLength: 6,
      }),
      fc.constantFrom('powershell.exe', 'cmd.exe', '\\cmd.exe', '/bin/sh', 'sh', '-enc', 'AB'),
    );
    const field = fc.constantFrom(
      'Image',
      'CommandLine',
      'ParentImage',
      'User',
      'OriginalFileName',
      'Hashes',
      'CurrentDirectory',
      'LogonId',
    );
    const modifiers = fc.constantFrom(
      '',
      '|contains',
      '|startswith',
      '|endswith',
      '|contains|all',
      '|cased|contains',
      '|windash|contains',
      '|neq',
      '|exists',
      '|re',
      '|re|i',
      '|base64offset|contains',
      '|fieldref',
      '|fieldref|contains',
      '|gte',
    );
    const valueFor = (modifier: string, value: string): unknown => {
      if (modifier === '|exists') return value.length > 2;
      if (modifier === '|gte') return value.length;
      if (modifier === '|fieldref' || modifier === '|fieldref|contains')
        return value.length > 2 ? 'CommandLine' : 'Image';
      if (modifier.startsWith('|re')) return value.replace(/[\\]/g, '\\\\').replace(/ /g, '.*');
      if (modifier === '') return value;
      return value === '' ? 'x' : modifier === '|base64offset|contains' ? `${value}xy` : value;
    };
    const entry = fc.tuple(field, modifiers, fc.array(text, { minLength: 1, maxLength: 3 }));
    const selection = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.array(entry, { minLength: 1, maxLength: 3 }).map((entries) =>
          Object.fromEntries(
            entries.map(([name, modifier, values]) => {
              const ready = values.map((value) => valueFor(modifier, value));
              return [name + modifier, ready.length === 1 ? ready[0] : ready];
            }),
          ),
        ),
      },
      {
        weight: 1,
        arbitrary: fc.array(
          text.filter((t) => t !== ''),
          { minLength: 1, maxLength: 2 },
        ),
      },
    );
    const condition = fc.constantFrom(
      'a',
      'a and b',
      'a or b',
      'a and not b',
      'not a',
      '1 of them',
      'all of them',
      '(a or b) and not (a and b)',
    );
    const rules = fc
      .array(
        fc
          .tuple(selection, selection, condition, fc.constantFrom('windows', 'linux', undefined))
          .map(([a, b, c, product]) => {
            try {
              return [ruleOf({ a, b }, c, product ? { product } : {})];
            } catch {
              // A regular expression RE2 refuses, or a base64 text with a wildcard: not what is asked here.
              return [];
            }
          }),
        { minLength: 1, maxLength: 8 },
      )
      .map((list) => list.flat());
    const value = fc.option(
      fc.array(text, { maxLength: 3 }).map((parts) => parts.join('')),
      { nil: undefined },
    );
    const row = fc.record({
      ActionType: fc.constantFrom('ProcessCreated', 'ProcessCreated', 'OpenProcess'),
      FolderPath: value,
      FileName: value,
      ProcessCommandLine: value,
      InitiatingProcessFolderPath: value,
      InitiatingProcessFileName: value,
      AccountDomain: value,
      AccountName: value,
      ProcessVersionInfoOriginalFileName: value,
      SHA1: value,
      LogonId: fc.option(fc.nat(8), { nil: undefined }),
      AdditionalFields: fc.oneof(
        value,
        text.map((t) => JSON.stringify({ CurrentWorkingDirectory: t })),
      ),
    });
    let held = 0;
    fc.assert(
      fc.property(
        rules,
        fc.array(row, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('Linux', 'Windows10'),
        (all, rows, osPlatform) => {
          const set = compileRules(all);
          for (const one of rows) {
            const found = set
              .match('DeviceProcessEvents', one, { osPlatform })
              .map((match) => all.indexOf(match.rule));
            const expected = all.flatMap((rule, index) =>
              holdsPlainly(rule, 'DeviceProcessEvents', one, { osPlatform }) ? [index] : [],
            );
            held += expected.length;
            expect([...found].sort((x, y) => x - y)).toEqual(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(held).toBeGreaterThan(200);
  }, 60_000);
});
