import type { KustoType } from '@merlon/contract';
import type { Cell } from '../plugins/table.ts';
import type { Constant } from '../tree/expression.ts';
import { parseDatetime, parseTimespan } from './literals.ts';

/** A value in wire form, as {@link Cell}. */
export function cellOfWire(type: KustoType, wire: unknown): Cell {
  switch (type) {
    case 'string':
    case 'guid':
    case 'dynamic':
      return typeof wire === 'string' ? wire : '';
    case 'bool':
      return wire === null || wire === undefined ? null : wire === true || wire === 1 || wire === '1';
    case 'int':
    case 'long':
      return typeof wire === 'string' || typeof wire === 'number' ? BigInt(wire) : null;
    case 'decimal':
      return wire === null || wire === undefined ? '' : String(wire);
    case 'real':
      return wire === null || wire === undefined ? null : realOfWire(wire);
    case 'datetime':
      return typeof wire === 'string' ? (parseDatetime(wire) ?? null) : null;
    case 'timespan':
      return typeof wire === 'string' ? (parseTimespan(wire) ?? null) : null;
  }
}

/** The engine writes `nan`, `inf` and `-inf` as texts. */
function realOfWire(wire: unknown): number {
  const text = String(wire).toLowerCase();
  if (text === 'nan' || text === '-nan') return Number.NaN;
  if (text === 'inf' || text === '+inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

export function cellOfConstant(constant: Constant): Cell {
  return constant.type === 'dynamic' ? constant.value.json : constant.value;
}

/** A cell of the type as a constant of the query. */
export function constantOfCell(type: KustoType, cell: Cell): Constant {
  switch (type) {
    case 'string':
    case 'guid':
      return { type, value: typeof cell === 'string' ? cell : '' };
    case 'dynamic':
      return { type, value: { json: typeof cell === 'string' ? cell : '' } };
    case 'bool':
      return { type, value: typeof cell === 'boolean' ? cell : null };
    case 'real':
      return { type, value: typeof cell === 'number' ? cell : null };
    case 'decimal':
      return { type, value: typeof cell === 'string' && cell !== '' ? cell : null };
    case 'int':
    case 'long':
    case 'timespan':
    case 'datetime':
      return { type, value: typeof cell === 'bigint' ? cell : null };
  }
}
