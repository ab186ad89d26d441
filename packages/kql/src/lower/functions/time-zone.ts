import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import {
  constantExpr,
  constantString,
  datetimeOfTicks,
  ticksOfDatetime,
  ticksPerDay,
  ticksPerSecond,
} from '../constants.ts';
import { toText } from '../convert.ts';
import { distinctValues } from '../per-value.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** The zones of the IANA database that this Node knows, and the names that stand for one of them. */
function isZone(name: string): boolean {
  // An offset such as +01:00 is a zone to Intl, but not to Kusto.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** What a function gives for each zone that occurs: the engine takes a zone only by a name known beforehand. */
function byZone(call: Call, apply: (offset: (ticks: Fragment) => Fragment) => Fragment): Fragment {
  const zone = toText(call.value(1), call.scope);
  const shared = constantString(zone) === undefined ? call.scope.row.computed(zone) : zone;
  const zones = distinctValues(call, shared);
  for (const name of zones) {
    if (!isZone(name)) throw call.scope.semantic(`'${name}' is not a known time zone.`, call.nodeAt(1));
  }
  const [only] = zones;
  const branches = zones.map((name) =>
    apply(
      (ticks) =>
        sql`(toInt64(timezoneOffset(toTimezone(${datetimeOfTicks(ticks)}, ${text(name)}))) * ${integer(ticksPerSecond)})`,
    ),
  );
  if (zones.length === 1 && only !== undefined) return branches[0] ?? sql`NULL`;
  const pieces = zones.flatMap((name, index) => [
    sql`${shared.sql} = ${text(name)}`,
    branches[index] ?? sql`NULL`,
  ]);
  return zones.length === 0
    ? ticksOfDatetime(call.as(0, 'datetime').sql)
    : sql`multiIf(${join([...pieces, sql`NULL`])})`;
}

const utcToLocal: FunctionRule = (call) => {
  const ticks = ticksOfDatetime(call.as(0, 'datetime').sql);
  return expr(
    'datetime',
    datetimeOfTicks(byZone(call, (offset) => sql`(${ticks} + ${offset(ticks)})`)),
    true,
  );
};

/** Where the clock was put back, the later of two instants; where it was put forward, the time it would have been after. */
const localToUtc: FunctionRule = (call) => {
  const local = ticksOfDatetime(call.as(0, 'datetime').sql);
  const instant = (offset: (ticks: Fragment) => Fragment): Fragment => {
    const day = integer(ticksPerDay);
    const [before, after] = [offset(sql`(${local} - ${day})`), offset(sql`(${local} + ${day})`)];
    const holds = (difference: Fragment) => sql`${offset(sql`(${local} - ${difference})`)} = ${difference}`;
    return sql`(${local} - if(NOT ${holds(after)} AND ${holds(before)}, ${before}, ${after}))`;
  };
  return expr('datetime', datetimeOfTicks(byZone(call, instant)), true);
};

export const timeZoneFunctions: FunctionFamily = {
  datetime_utc_to_local: utcToLocal,
  datetime_local_to_utc: localToUtc,
  datetime_list_timezones: () => {
    const zones = Intl.supportedValuesOf('timeZone');
    return constantExpr({
      type: 'dynamic',
      value: { json: JSON.stringify(zones), elements: zones.map((value) => ({ type: 'string', value })) },
    });
  },
};
