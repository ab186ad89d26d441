/** What one value of a rule asks of one field: the outcome of its modifiers. */
import type { IpNetwork } from './ip-network.ts';
import type { StringPattern } from './string-pattern.ts';

export type FieldTest =
  | { readonly kind: 'text'; readonly pattern: StringPattern; readonly cased: boolean }
  | { readonly kind: 'regex'; readonly regex: RegexText }
  | { readonly kind: 'network'; readonly network: IpNetwork }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly value: number }
  /** Absent, null or empty text: hunting rows do not tell these apart. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'present' }
  | {
      readonly kind: 'field';
      readonly field: string;
      readonly relation: 'equals' | 'contains' | 'startswith' | 'endswith';
      readonly cased: boolean;
    };

export type Comparison = 'lt' | 'lte' | 'gt' | 'gte';

export interface RegexText {
  readonly source: string;
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}
