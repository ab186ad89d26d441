import type { SigmaRule } from './rule.ts';

export interface RuleMatch {
  readonly rule: SigmaRule;
  /** Selections that held and that the condition asks for, with the fields by which they did. */
  readonly selections: readonly MatchedSelection[];
}

export interface MatchedSelection {
  readonly name: string;
  readonly fields: readonly MatchedField[];
}

export interface MatchedField {
  /** Sigma's name; null for a keyword. */
  readonly field: string | null;
  /** Columns of the hunting table the value was made of. */
  readonly columns: readonly string[];
  /** Null: the rule asks for an absent value. */
  readonly value: string | null;
}
