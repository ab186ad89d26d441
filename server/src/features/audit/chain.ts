/**
 * The hash chain over a tenant's audit records. Pure. Each seal covers the record as it is read and the seal before it, so that a record changed,
 * removed or put in later leaves a chain that does not add up.
 */
import { createHash } from 'node:crypto';

/** A record as it is stored, before it is dressed for a reader. */
export interface ChainedRecord {
  readonly tenantId: string;
  readonly id: string;
  /** ISO 8601, milliseconds. */
  readonly time: string;
  readonly actorKind: string;
  readonly actorId: string;
  readonly actorName: string;
  readonly appId: string | null;
  readonly action: string;
  readonly targetKind: string | null;
  readonly targetId: string | null;
  readonly outcome: string;
  readonly details: unknown;
  readonly sourceIp: string | null;
  readonly correlationId: string | null;
}

/** What stands in place of a seal before the first: no other tenant's chain can be passed off as this one's. */
export function genesis(tenantId: string): string {
  return createHash('sha256').update(`merlon audit ${tenantId}`).digest('hex');
}

/** 64 hex digits. */
export function sealOf(previous: string, position: number, record: ChainedRecord): string {
  return createHash('sha256')
    .update(`${previous}\n${position}\n`)
    .update(canonical(FIELDS.map((field) => record[field])))
    .digest('hex');
}

const FIELDS = [
  'tenantId',
  'id',
  'time',
  'actorKind',
  'actorId',
  'actorName',
  'appId',
  'action',
  'targetKind',
  'targetId',
  'outcome',
  'details',
  'sourceIp',
  'correlationId',
] as const satisfies readonly (keyof ChainedRecord)[];

/** JSON with the names of every object in order: the database gives them back in an order of its own. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}

export interface ChainHead {
  /** Of the last seal; 0 when there is none. */
  readonly position: number;
  readonly hash: string;
}

export interface Seal {
  readonly position: number;
  readonly recordId: string;
  readonly hash: string;
}

export type ChainBreak =
  | { readonly kind: 'changed'; readonly position: number; readonly recordId: string }
  | { readonly kind: 'removed'; readonly position: number; readonly recordId: string }
  | { readonly kind: 'gap'; readonly position: number }
  | { readonly kind: 'cut short'; readonly position: number }
  | { readonly kind: 'rewritten'; readonly position: number };

/** Follows a chain seal by seal. */
export class ChainCheck {
  readonly #tenantId: string;
  /** A head that is known from outside the database. */
  readonly #known: ChainHead | null;
  #head: ChainHead;
  #broken: ChainBreak | null = null;

  constructor(tenantId: string, known: ChainHead | null) {
    this.#tenantId = tenantId;
    this.#known = known;
    this.#head = { position: 0, hash: genesis(tenantId) };
  }

  /** False once the chain is broken: what follows the break proves nothing. */
  follow(seal: Seal, record: ChainedRecord | null): boolean {
    if (this.#broken) return false;
    const position = this.#head.position + 1;
    if (seal.position !== position) this.#broken = { kind: 'gap', position };
    else if (record === null) this.#broken = { kind: 'removed', position, recordId: seal.recordId };
    else if (record.tenantId !== this.#tenantId || sealOf(this.#head.hash, position, record) !== seal.hash)
      this.#broken = { kind: 'changed', position, recordId: seal.recordId };
    else if (this.#known?.position === position && this.#known.hash !== seal.hash)
      this.#broken = { kind: 'rewritten', position };
    else this.#head = { position, hash: seal.hash };
    return this.#broken === null;
  }

  end(): { head: ChainHead; broken: ChainBreak | null } {
    if (!this.#broken && this.#known && this.#known.position > this.#head.position)
      this.#broken = { kind: 'cut short', position: this.#head.position + 1 };
    return { head: this.#head, broken: this.#broken };
  }
}
