/** Runs a program on one event at a time. What was read or tested for the event is kept by number and marked with the event's own number, so nothing is cleared in between. */
import type { Condition } from './condition.ts';
import { type EventRow, EventView } from './field-reader.ts';
import type { MatchedField, MatchedSelection, RuleMatch } from './match.ts';
import type { Atom, Node, Program, ProgramRule } from './program.ts';
import { fold } from './string-pattern.ts';

const NONE: readonly RuleMatch[] = [];

export class ProgramRunner {
  readonly #program: Program;
  readonly #event = new EventView();
  #number = 0;
  readonly #readAt: Uint32Array;
  readonly #raw: (string | null)[];
  readonly #foldedAt: Uint32Array;
  readonly #folded: string[];
  readonly #testedAt: Uint32Array;
  readonly #outcome: Uint8Array;
  readonly #seenAt: Uint32Array;
  readonly #candidates: number[] = [];
  readonly #addCandidate = (rule: number): void => {
    if (this.#seenAt[rule] === this.#number) return;
    this.#seenAt[rule] = this.#number;
    this.#candidates.push(rule);
  };

  constructor(program: Program) {
    const { slots, atoms, rules } = program;
    this.#program = program;
    this.#readAt = new Uint32Array(slots.length);
    this.#raw = slots.map(() => null);
    this.#foldedAt = new Uint32Array(slots.length);
    this.#folded = slots.map(() => '');
    this.#testedAt = new Uint32Array(atoms.length);
    this.#outcome = new Uint8Array(atoms.length);
    this.#seenAt = new Uint32Array(rules.length);
  }

  match(row: EventRow): readonly RuleMatch[] {
    this.#begin(row);
    for (const { slot, whole, parts } of this.#program.indexes) {
      const raw = this.#rawValue(slot);
      if (raw === null) continue;
      if (whole !== null)
        for (const rule of whole.get(this.#foldedValue(slot)) ?? []) this.#addCandidate(rule);
      parts?.scan(raw, () => this.#foldedValue(slot), this.#addCandidate);
    }
    let matches: RuleMatch[] | null = null;
    for (const list of [this.#candidates, this.#program.always]) {
      for (const index of list) {
        const rule = this.#program.rules[index];
        if (rule === undefined || !rule.conditions.some((condition) => this.#holds(condition))) continue;
        matches ??= [];
        matches.push(this.#explain(rule));
      }
    }
    return matches ?? NONE;
  }

  #begin(row: EventRow): void {
    this.#event.show(row);
    this.#candidates.length = 0;
    if (this.#number === 0xffff_ffff) {
      for (const marks of [this.#readAt, this.#foldedAt, this.#testedAt, this.#seenAt]) marks.fill(0);
      this.#number = 0;
    }
    this.#number += 1;
  }

  #rawValue(slot: number): string | null {
    if (this.#readAt[slot] !== this.#number) {
      this.#readAt[slot] = this.#number;
      this.#raw[slot] = this.#program.slots[slot]?.reader.read(this.#event) ?? null;
    }
    return this.#raw[slot] ?? null;
  }

  #foldedValue(slot: number): string {
    if (this.#foldedAt[slot] !== this.#number) {
      this.#foldedAt[slot] = this.#number;
      this.#folded[slot] = fold(this.#rawValue(slot) ?? '');
    }
    return this.#folded[slot] ?? '';
  }

  #holds(node: Node): boolean {
    switch (node.kind) {
      case 'atom':
        return this.#atomHolds(node.atom);
      case 'not':
        return !this.#holds(node.of);
      case 'all':
        for (const part of node.of) if (!this.#holds(part)) return false;
        return true;
      case 'any':
        for (const part of node.of) if (this.#holds(part)) return true;
        return false;
    }
  }

  #atomHolds(id: number): boolean {
    if (this.#testedAt[id] === this.#number) return this.#outcome[id] === 1;
    const atom = this.#program.atoms[id];
    const holds = atom !== undefined && this.#evaluate(atom);
    this.#testedAt[id] = this.#number;
    this.#outcome[id] = holds ? 1 : 0;
    return holds;
  }

  #evaluate({ slot, other, test }: Atom): boolean {
    const raw = this.#rawValue(slot);
    if (test.on === 'presence') return (raw !== null) === test.present;
    if (raw === null) return false;
    switch (test.on) {
      case 'raw':
        return test.run(raw);
      case 'folded':
        return test.run(this.#foldedValue(slot));
      case 'fields': {
        const against = this.#rawValue(other);
        if (against === null) return false;
        return test.cased
          ? test.run(raw, against)
          : test.run(this.#foldedValue(slot), this.#foldedValue(other));
      }
    }
  }

  #explain({ rule, selections, conditions }: ProgramRule): RuleMatch {
    const names = new Set<string>();
    for (const [index, node] of conditions.entries()) {
      const condition = rule.conditions[index];
      if (condition && this.#holds(node)) namesOf(condition, true, names);
    }
    const matched: MatchedSelection[] = [];
    for (const name of names) {
      const node = selections.get(name);
      if (node && this.#holds(node)) matched.push({ name, fields: this.#fieldsOf(node) });
    }
    return { rule, selections: matched };
  }

  #fieldsOf(node: Node): MatchedField[] {
    const slots = new Set<number>();
    const walk = (part: Node): void => {
      if (part.kind === 'not' || !this.#holds(part)) return;
      if (part.kind === 'atom') slots.add(this.#program.atoms[part.atom]?.slot ?? -1);
      else for (const inner of part.of) walk(inner);
    };
    walk(node);
    return [...slots].flatMap((slot) => {
      const found = this.#program.slots[slot];
      return found
        ? [{ field: found.field, columns: found.reader.columns, value: this.#rawValue(slot) }]
        : [];
    });
  }
}

/** Selections that the condition asks for, not those it rules out. */
function namesOf(condition: Condition, wanted: boolean, names: Set<string>): void {
  switch (condition.kind) {
    case 'selection':
      if (wanted) names.add(condition.name);
      return;
    case 'of':
      if (wanted) for (const name of condition.names) names.add(name);
      return;
    case 'and':
    case 'or':
      for (const part of condition.of) namesOf(part, wanted, names);
      return;
    case 'not':
      namesOf(condition.of, !wanted, names);
  }
}
