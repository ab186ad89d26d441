import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());

const table = `datatable(s:string, t:string, n:long, r:real, d:datetime, span:timespan, b:bool, y:dynamic)[
  "C:\\\\Windows\\\\System32\\\\cmd.exe /c whoami", "whoami", 5, 2.5, datetime(2026-01-02), 1h, true, dynamic(["a", 5]),
  "powershell -EncodedCommand", "POWERSHELL", long(null), real(null), datetime(null), timespan(null), bool(null), dynamic(null),
  "", "", 0, 0.0, datetime(2026-01-01), 0s, false, dynamic("whoami")]`;

/** A condition and the rows it keeps, by number. */
const kept = (condition: string, rows: readonly number[]) => [condition, rows] as const;

function check(cases: readonly (readonly [condition: string, rows: readonly number[]])[]): void {
  it.each(cases)('%s', (condition, rows) => {
    const query = `${table} | serialize i = row_number() | where ${condition} | project i`;
    expect(engine.rows(query)).toEqual(rows.map((row) => [row]));
  });
}

describe('on texts', () => {
  check([
    kept('s has "WHOAMI"', [1]),
    kept('s has_cs "WHOAMI"', []),
    kept('s !has "whoami"', [2, 3]),
    kept('s !has_cs "WHOAMI"', [1, 2, 3]),
    kept('s has "who"', []),
    kept('s has "cmd.exe"', [1]),
    kept('s has "encodedcommand"', [2]),
    kept('s hasprefix "WHO"', [1]),
    kept('s !hasprefix "who"', [2, 3]),
    kept('s hasprefix_cs "WHO"', []),
    kept('s !hasprefix_cs "WHO"', [1, 2, 3]),
    kept('s hassuffix "AMI"', [1]),
    kept('s !hassuffix "ami"', [2, 3]),
    kept('s hassuffix_cs "ami"', [1]),
    kept('s !hassuffix_cs "AMI"', [1, 2, 3]),
    kept('s contains "ENCODED"', [2]),
    kept('s contains_cs "ENCODED"', []),
    kept('s !contains "whoami"', [2, 3]),
    kept('s !contains_cs "WHOAMI"', [1, 2, 3]),
    kept('s notcontains "whoami"', [2, 3]),
    kept('s startswith "c:"', [1]),
    kept('s startswith_cs "c:"', []),
    kept('s !startswith "c:"', [2, 3]),
    kept('s endswith "WHOAMI"', [1]),
    kept('s !endswith_cs "WHOAMI"', [1, 2, 3]),
    kept('t =~ "powershell"', [2]),
    kept('t !~ "powershell"', [1, 3]),
    kept('s has t', [1, 2, 3]),
    kept('s contains t', [1, 2, 3]),
    kept('s startswith t', [2, 3]),
    kept('s endswith_cs t', [1, 3]),
    kept('s hasprefix t', [1, 2, 3]),
    kept('t =~ s', [3]),
    kept('s matches regex @"(?i)WHO\\w+"', [1]),
    kept('not(s matches regex "who")', [2, 3]),
    kept('s matches regex t', [1, 3]),
    kept('s : "whoami"', [1]),
    kept('s like "*SYSTEM32*whoami"', [1]),
    kept('s like "power"', []),
    kept('s notlike "power*"', [1, 3]),
    kept('s likecs "Power*"', []),
    kept('s notlikecs "Power*"', [1, 2, 3]),
    kept('s like strcat(substring(t, 0, 5), "*")', [2, 3]),
    kept('s like "C:?Windows*"', []),
    kept('y has "whoami"', [3]),
    kept('y contains "a"', [1, 3]),
  ]);
});

describe('on sets', () => {
  check([
    kept('t in ("whoami", "x")', [1]),
    kept('t in~ ("WHOAMI", "powershell")', [1, 2]),
    kept('t !in ("whoami")', [2, 3]),
    kept('t !in~ ("WHOAMI")', [2, 3]),
    kept('n in (5, 0)', [1, 3]),
    kept('n !in (5)', [2, 3]),
    kept('n in (5.5, 0.0)', [3]),
    kept('r in (2.5)', [1]),
    kept('r in (1, 0)', [3]),
    kept('d in (datetime(2026-01-01))', [3]),
    kept('span in (1h, 2h)', [1]),
    kept('b in (true)', [1]),
    kept('t in (dynamic(["whoami", "y"]))', [1]),
    kept('n in (dynamic([5, 7]))', [1]),
    kept('t in (t)', [1, 2, 3]),
    kept('t in (pack_array("whoami", s))', [1, 3]),
    kept('t in ((print "whoami"))', [1]),
    kept('t in~ ((datatable(x:string)["WHOAMI", "PowerShell"]))', [1, 2]),
    kept('n !in ((print 5))', [2, 3]),
    kept('s has_any ("whoami", "nothing")', [1]),
    kept('s has_any (dynamic(["encodedcommand", "cmd.exe"]))', [1, 2]),
    kept('s has_all ("cmd.exe", "whoami")', [1]),
    kept('s has_all ("cmd.exe", "powershell")', []),
    kept('s has_any ((datatable(x:string)["WHOAMI", "-EncodedCommand"]))', [1, 2]),
    kept('s has_all ((datatable(x:string)["cmd", "whoami"]))', [1]),
    kept('s has_any (t)', [1, 2, 3]),
  ]);
});

describe('on ranges and orders', () => {
  check([
    kept('n between (1 .. 5)', [1]),
    kept('n !between (1 .. 5)', [3]),
    kept('n between (4.5 .. 5.5)', [1]),
    kept('r between (0 .. 1)', [3]),
    kept('d between (datetime(2026-01-01) .. datetime(2026-01-01 12:00))', [3]),
    kept('d between (datetime(2026-01-01) .. 1d)', [1, 3]),
    kept('d !between (datetime(2026-01-01) .. 1h)', [1]),
    kept('span between (30m .. 2h)', [1]),
    kept('n > r', [1]),
    kept('n >= 0', [1, 3]),
    kept('b == 1', [1]),
    kept('b != true', [2, 3]),
    kept('y[1] > 4', [1]),
    kept('y[1] between (1 .. 5)', [1]),
    kept('d > datetime(2026-01-01)', [1]),
    kept('n == r * 2', [1, 3]),
    kept('isnull(n) or n < 1', [2, 3]),
    kept('not(n == 5)', [2, 3]),
    kept('y == "whoami"', [3]),
    kept('y[0] =~ "A"', [1]),
  ]);
});
