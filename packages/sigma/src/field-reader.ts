/** Reads a Sigma field's value out of a row, as text. Null: absent, null or empty, which hunting rows do not tell apart. */
import type { HuntingTable } from '@merlon/contract';
import { type FieldSource, INBOUND_ACTIONS } from './field-map.ts';
import { fold } from './string-pattern.ts';

/** A row of a hunting table, column -> value. */
export type EventRow = Readonly<Record<string, unknown>>;

/** One event under evaluation. AdditionalFields is parsed at most once, and only when a rule asks for it. */
export class EventView {
  row: EventRow = {};
  #extras: Readonly<Record<string, unknown>> | null | undefined;

  show(row: EventRow): void {
    this.row = row;
    this.#extras = undefined;
  }

  extra(keys: readonly string[]): string | null {
    if (this.#extras === undefined) this.#extras = bagOf(this.row.AdditionalFields);
    if (this.#extras === null) return null;
    for (const key of keys) {
      if (!Object.hasOwn(this.#extras, key)) continue;
      const text = toText(this.#extras[key]);
      if (text !== null) return text;
    }
    return null;
  }
}

function bagOf(value: unknown): Readonly<Record<string, unknown>> | null {
  let bag = value;
  if (typeof value === 'string') {
    if (!value.startsWith('{')) return null;
    try {
      bag = JSON.parse(value);
    } catch {
      return null;
    }
  }
  return typeof bag === 'object' && bag !== null ? (bag as Readonly<Record<string, unknown>>) : null;
}

function toText(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return value === '' ? null : value;
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : JSON.stringify(value);
    default:
      return null;
  }
}

export interface FieldReader {
  /** Columns the value is made of. */
  readonly columns: readonly string[];
  read(event: EventView): string | null;
}

export function fieldReader(source: FieldSource): FieldReader {
  if ('column' in source) {
    const { column } = source;
    return { columns: [column], read: ({ row }) => toText(row[column]) };
  }
  if ('extra' in source) {
    return { columns: ['AdditionalFields'], read: (event) => event.extra(source.extra) };
  }
  if ('path' in source) {
    const { folder, name } = source.path;
    return {
      columns: folder === null ? [name] : [folder, name],
      read: ({ row }) => wholePath(folder === null ? null : toText(row[folder]), toText(row[name])),
    };
  }
  if ('join' in source) {
    return {
      columns: source.join,
      read: ({ row }) => {
        const parts = source.join.map((column) => toText(row[column])).filter((text) => text !== null);
        return parts.length === 0 ? null : parts.join(source.separator);
      },
    };
  }
  if ('hashes' in source) {
    const labels = Object.entries(source.hashes);
    return {
      columns: labels.map(([, column]) => column),
      read: ({ row }) => {
        const parts: string[] = [];
        for (const [label, column] of labels) {
          const hash = toText(row[column]);
          if (hash !== null) parts.push(`${label}=${hash}`);
        }
        return parts.length === 0 ? null : parts.join(',');
      },
    };
  }
  if ('initiated' in source) {
    return { columns: ['ActionType'], read: ({ row }) => (isInbound(row) ? 'false' : 'true') };
  }
  const { inbound, outbound } = source;
  return {
    columns: [outbound, inbound],
    read: ({ row }) => toText(row[isInbound(row) ? inbound : outbound]),
  };
}

function isInbound(row: EventRow): boolean {
  return typeof row.ActionType === 'string' && INBOUND_ACTIONS.includes(row.ActionType);
}

/**
 * Folder columns hold the file's name too, but not from every source. A name alone gets a separator in front, so that a rule that asks for
 * `…\name.exe` or `…/name` finds it.
 */
function wholePath(folder: string | null, name: string | null): string | null {
  if (name === null) return folder;
  if (folder === null) {
    const separator = separatorOf(name);
    return name.includes(separator) ? name : separator + name;
  }
  const start = folder.length - name.length;
  if (start >= 0 && (folder.endsWith(name) || fold(folder.slice(start)) === fold(name))) {
    const before = folder.charCodeAt(start - 1);
    if (start === 0 || before === BACKSLASH || before === SLASH) return folder;
  }
  const separator = folder.includes('\\') ? '\\' : '/';
  return folder.endsWith(separator) ? folder + name : folder + separator + name;
}

const BACKSLASH = 0x5c;
const SLASH = 0x2f;

function separatorOf(name: string): string {
  return name.includes('\\') || /\.(exe|com|dll|sys|scr)$/i.test(name) ? '\\' : '/';
}

/** Identity of the event and of its device: what happened is elsewhere. */
const NOT_SEARCHED: readonly string[] = ['DeviceId', 'DeviceName', 'MachineGroup', 'TenantId'];

/** All text of the event, for keywords: columns in the order of the table, a line each. */
export function keywordReader(table: HuntingTable): FieldReader {
  const columns = table.columns
    .filter((column) => column.type === 'string' && !NOT_SEARCHED.includes(column.name))
    .map((column) => column.name);
  return {
    columns,
    read: ({ row }) => {
      const texts: string[] = [];
      for (const column of columns) {
        const text = toText(row[column]);
        if (text !== null) texts.push(text);
      }
      return texts.length === 0 ? null : texts.join('\n');
    },
  };
}
