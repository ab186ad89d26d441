/** Rules for registry events. */
import type { Fields, Row, Rule } from '../mapping.ts';
import * as read from '../read.ts';

export function registryKey(from: string, to: string): Rule {
  return {
    from: [from],
    to: [to],
    how: 'hive written out',
    apply(fields, row) {
      const said = read.text(fields, from);
      if (said !== undefined) row[to] = read.registryKey(said);
    },
  };
}

/** @param valueKinds kinds of event in which the last part names a value; with no kind at all it always does */
export function registryTarget(from: string, kind: string | null, valueKinds: readonly string[]): Rule {
  return {
    from: kind === null ? [from] : [from, kind],
    to: ['RegistryKey', 'RegistryValueName'],
    how:
      kind === null
        ? 'hive written out; the last part is the value'
        : `hive written out; with ${valueKinds.join(' or ')} the last part is the value`,
    apply(fields: Fields, row: Row) {
      const said = read.text(fields, from);
      if (said === undefined) return;
      const whole = read.registryKey(said);
      const at = whole.lastIndexOf('\\');
      const isValue = kind === null || valueKinds.includes(String(fields[kind]));
      if (!isValue || at < 0) {
        row.RegistryKey = whole;
        return;
      }
      row.RegistryKey = whole.slice(0, at);
      row.RegistryValueName = whole.slice(at + 1);
    },
  };
}

/** Sysmon's `DWORD (0x00000001)`, `QWORD (0x…-0x…)`, `Binary Data`, or text. */
export function registryValue(from: string): Rule {
  return {
    from: [from],
    to: ['RegistryValueType', 'RegistryValueData'],
    how: '`DWORD (0x…)` and `QWORD (0x…-0x…)` decimal; `Binary Data`: Binary, which the source does not show; else String',
    apply(fields, row) {
      const said = read.text(fields, from);
      if (said === undefined) return;
      const small = /^DWORD \(0x([0-9a-f]{1,8})\)$/i.exec(said);
      const large = /^QWORD \(0x([0-9a-f]{1,8})-0x([0-9a-f]{1,8})\)$/i.exec(said);
      if (small) {
        row.RegistryValueType = 'Dword';
        row.RegistryValueData = String(Number.parseInt(small[1] ?? '', 16));
      } else if (large) {
        row.RegistryValueType = 'Qword';
        row.RegistryValueData = ((BigInt(`0x${large[1]}`) << 32n) | BigInt(`0x${large[2]}`)).toString();
      } else if (said === 'Binary Data') row.RegistryValueType = 'Binary';
      else {
        row.RegistryValueType = 'String';
        row.RegistryValueData = said;
      }
    },
  };
}
