/** A `where` predicate as data: what of KQL can be answered for one row at a time exactly as the engine answers it. Survives JSON. */
export type RowPredicate =
  | { readonly op: 'and' | 'or'; readonly of: readonly RowPredicate[] }
  | { readonly op: 'not'; readonly of: RowPredicate }
  | { readonly op: 'constant'; readonly value: boolean }
  /** A column of type bool. */
  | { readonly op: 'flag'; readonly column: string }
  | { readonly op: 'null' | 'empty'; readonly column: string; readonly text: boolean }
  | {
      readonly op: 'compare';
      readonly column: string;
      readonly how: Comparison;
      readonly value: RowConstant;
    }
  | {
      readonly op: 'in';
      readonly column: string;
      readonly values: readonly RowConstant[];
      readonly ignoreCase: boolean;
    }
  | {
      readonly op: 'text';
      readonly column: string;
      readonly how: TextTest;
      readonly ignoreCase: boolean;
      /** ASCII; in lower case when case is ignored. */
      readonly value: string;
    }
  | {
      readonly op: 'terms';
      readonly column: string;
      readonly all: boolean;
      readonly values: readonly string[];
    };

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type TextTest = 'equals' | 'contains' | 'startswith' | 'endswith' | 'whole' | 'prefix' | 'suffix';

/** `long` as its digits; `datetime` as ISO text with seven fraction digits, which sorts as time does. */
export type RowConstant =
  | { readonly type: 'string' | 'long' | 'datetime'; readonly value: string }
  | { readonly type: 'real'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean };
