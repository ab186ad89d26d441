/** A Sigma rule as data. */
import type { Condition } from './condition.ts';
import type { FieldTest } from './field-test.ts';
import type { SigmaErrorPlace } from './sigma-error.ts';

export const ruleLevels = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type RuleLevel = (typeof ruleLevels)[number];

export const ruleStatuses = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;
export type RuleStatus = (typeof ruleStatuses)[number];

export interface LogSource {
  readonly category: string | null;
  readonly product: string | null;
  readonly service: string | null;
}

export interface SigmaRule {
  /** UUID. A rule without one gets the same at every reading, made of its title and detection. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly status: RuleStatus;
  readonly level: RuleLevel;
  readonly author: string | null;
  readonly references: readonly string[];
  readonly tags: readonly string[];
  readonly falsePositives: readonly string[];
  /** Custom field `recommended_action`: what to do about a match. */
  readonly recommendedAction: string | null;
  readonly logSource: LogSource;
  /** By name, in the order written. */
  readonly selections: ReadonlyMap<string, SelectionNode>;
  /** Any one is enough. */
  readonly conditions: readonly Condition[];
  readonly file: string | null;
  /** Its YAML, without that of other rules of the same text. */
  readonly source: string;
}

export type SelectionNode =
  | { readonly kind: 'all' | 'any'; readonly of: readonly SelectionNode[] }
  | { readonly kind: 'not'; readonly of: SelectionNode }
  | FieldLeaf;

export interface FieldLeaf {
  readonly kind: 'field';
  /** Sigma's name of the field; null: a keyword, looked for in all text of the event. */
  readonly field: string | null;
  readonly test: FieldTest;
  readonly place: SigmaErrorPlace;
}
