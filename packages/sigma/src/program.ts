/**
 * The rules about one table on one system, compiled: fields become numbered slots, tests numbered atoms shared by all rules, and an index says
 * which literals make a rule worth evaluating.
 */
import type { HuntingTable } from '@merlon/contract';
import type { Condition } from './condition.ts';
import type { Os } from './field-map.ts';
import { type FieldReader, fieldReader, keywordReader } from './field-reader.ts';
import { LiteralAutomaton, type LiteralNeedle } from './literal-automaton.ts';
import type { LogSourceTarget } from './log-source.ts';
import type { FieldLeaf, SelectionNode, SigmaRule } from './rule.ts';
import { eitherOf, type Literal, literalOf, rarestOf, type Triggers } from './triggers.ts';
import { type ValueTest, valueTest } from './value-test.ts';

/** A rule's tree with its tests replaced by their numbers. */
export type Node =
  | { readonly kind: 'atom'; readonly atom: number }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Node[] }
  | { readonly kind: 'not'; readonly of: Node };

interface Slot {
  readonly field: string | null;
  readonly reader: FieldReader;
}

export interface Atom {
  readonly slot: number;
  /** Slot compared with, for tests of one field against another; else the same. */
  readonly other: number;
  readonly test: ValueTest;
  readonly literal: Literal | null;
}

export interface ProgramRule {
  readonly rule: SigmaRule;
  readonly selections: ReadonlyMap<string, Node>;
  /** In the order of the rule's conditions. */
  readonly conditions: readonly Node[];
}

interface SlotIndex {
  readonly slot: number;
  /** Whole values, folded -> rules. */
  readonly whole: ReadonlyMap<string, readonly number[]> | null;
  readonly parts: LiteralAutomaton | null;
}

export interface Program {
  readonly slots: readonly Slot[];
  readonly atoms: readonly Atom[];
  readonly rules: readonly ProgramRule[];
  readonly indexes: readonly SlotIndex[];
  /** Rules of which no literal is known: evaluated for every event. */
  readonly always: readonly number[];
}

export interface TargetedRule {
  readonly rule: SigmaRule;
  readonly target: LogSourceTarget;
}

/** @throws SigmaError for a field that the table does not have. */
export function compileProgram(table: HuntingTable, targeted: readonly TargetedRule[], os: Os): Program {
  const builder = new ProgramBuilder(table, os);
  const rules = targeted.map((one) => builder.addRule(one));
  const triggers = rules.map((rule) =>
    eitherOf(rule.conditions.map((node) => triggersOf(node, builder.atoms))),
  );
  return {
    slots: builder.slots,
    atoms: builder.atoms,
    rules,
    indexes: indexTriggers(triggers),
    always: triggers.flatMap((set, rule) => (set === null ? [rule] : [])),
  };
}

class ProgramBuilder {
  readonly slots: Slot[] = [];
  readonly atoms: Atom[] = [];
  readonly #table: HuntingTable;
  readonly #os: Os;
  readonly #slotIds = new Map<string, number>();
  readonly #atomIds = new Map<string, number>();

  constructor(table: HuntingTable, os: Os) {
    this.#table = table;
    this.#os = os;
  }

  addRule({ rule, target }: TargetedRule): ProgramRule {
    const selections = new Map<string, Node>();
    for (const [name, node] of rule.selections) selections.set(name, this.#selection(node, target));
    return {
      rule,
      selections,
      conditions: rule.conditions.map((condition) => conditionNode(condition, selections)),
    };
  }

  #selection(node: SelectionNode, target: LogSourceTarget): Node {
    switch (node.kind) {
      case 'field':
        return { kind: 'atom', atom: this.#atom(node, target) };
      case 'not':
        return { kind: 'not', of: this.#selection(node.of, target) };
      case 'all':
      case 'any':
        return { kind: node.kind, of: node.of.map((part) => this.#selection(part, target)) };
    }
  }

  #atom(leaf: FieldLeaf, target: LogSourceTarget): number {
    const slot = this.#slot(leaf.field, leaf, target);
    const other = leaf.test.kind === 'field' ? this.#slot(leaf.test.field, leaf, target) : slot;
    const key = `${slot} ${other} ${JSON.stringify(leaf.test)}`;
    const known = this.#atomIds.get(key);
    if (known !== undefined) return known;
    this.#atomIds.set(key, this.atoms.length);
    return this.atoms.push({ slot, other, test: valueTest(leaf.test), literal: literalOf(leaf.test) }) - 1;
  }

  /** Fields of the same name may be read differently by category, and two names may be the same column. */
  #slot(field: string | null, leaf: FieldLeaf, target: LogSourceTarget): number {
    const source = field === null ? null : target.source(field, this.#os, leaf.place);
    const key = JSON.stringify([field, source]);
    const known = this.#slotIds.get(key);
    if (known !== undefined) return known;
    this.#slotIds.set(key, this.slots.length);
    return this.slots.push({ field, reader: source ? fieldReader(source) : keywordReader(this.#table) }) - 1;
  }
}

function conditionNode(condition: Condition, selections: ReadonlyMap<string, Node>): Node {
  const selection = (name: string): Node => {
    const node = selections.get(name);
    // The parser has checked the names.
    if (node === undefined) throw new Error(`no selection ${name}`);
    return node;
  };
  switch (condition.kind) {
    case 'selection':
      return selection(condition.name);
    case 'of':
      return { kind: condition.quantifier, of: condition.names.map(selection) };
    case 'and':
    case 'or':
      return {
        kind: condition.kind === 'and' ? 'all' : 'any',
        of: condition.of.map((part) => conditionNode(part, selections)),
      };
    case 'not':
      return { kind: 'not', of: conditionNode(condition.of, selections) };
  }
}

function triggersOf(node: Node, atoms: readonly Atom[]): Triggers {
  switch (node.kind) {
    case 'atom': {
      const atom = atoms[node.atom];
      return atom?.literal ? [{ ...atom.literal, slot: atom.slot }] : null;
    }
    case 'not':
      return null;
    case 'all':
      return rarestOf(node.of.map((part) => triggersOf(part, atoms)));
    case 'any':
      return eitherOf(node.of.map((part) => triggersOf(part, atoms)));
  }
}

function indexTriggers(triggers: readonly Triggers[]): SlotIndex[] {
  interface Building {
    readonly whole: Map<string, number[]>;
    readonly parts: Map<string, { literal: Literal; ids: number[] }>;
  }
  const bySlot = new Map<number, Building>();
  for (const [rule, set] of triggers.entries()) {
    for (const trigger of set ?? []) {
      const index = bySlot.get(trigger.slot) ?? { whole: new Map(), parts: new Map() };
      bySlot.set(trigger.slot, index);
      if (trigger.atStart && trigger.atEnd) {
        const rules = index.whole.get(trigger.text) ?? [];
        if (!rules.includes(rule)) rules.push(rule);
        index.whole.set(trigger.text, rules);
      } else {
        const key = JSON.stringify([trigger.text, trigger.atStart, trigger.atEnd]);
        const needle = index.parts.get(key) ?? { literal: trigger, ids: [] };
        if (!needle.ids.includes(rule)) needle.ids.push(rule);
        index.parts.set(key, needle);
      }
    }
  }
  return [...bySlot].map(([slot, { whole, parts }]) => {
    const needles: LiteralNeedle[] = [...parts.values()].map(({ literal, ids }) => ({ ...literal, ids }));
    return {
      slot,
      whole: whole.size > 0 ? whole : null,
      parts: needles.length > 0 ? new LiteralAutomaton(needles) : null,
    };
  });
}
