/** What a set of entities lets clients ask. One table drives parsing, messages and documentation. */

export type ScalarType = 'string' | 'datetime' | 'int' | 'number' | 'bool' | 'enum';

export interface ODataField {
  /** As on the wire; a member of a complex property by its path, `vmMetadata/vmId`. Matched without regard to case. */
  readonly name: string;
  readonly type: ScalarType | 'collection';
  readonly filterable: boolean;
  readonly sortable: boolean;
  /** False: every entity has a value. Default true. */
  readonly nullable?: boolean;
  /** For `enum`. Matched without regard to case. */
  readonly enumValues?: readonly string[];
  /** For `collection`: what it holds. Absent: strings. */
  readonly items?: ODataItems;
}

export type ODataItems =
  | { readonly type: ScalarType; readonly enumValues?: readonly string[] }
  | { readonly fields: readonly ODataField[] };

/** What an entity is answered with only when it is asked for. */
export interface ODataExpandable {
  readonly name: string;
  /** What may be asked of it in turn. */
  readonly items: ODataSet;
}

export interface ODataSet {
  /** For messages: `alerts`. */
  readonly name: string;
  readonly fields: readonly ODataField[];
  readonly expandable: readonly ODataExpandable[];
  /** Largest `$top`. */
  readonly maxTop: number;
  /** How pages are found again by their last row. Absent: the set has no `$skiptoken`. */
  readonly paging?: {
    /** Name of the property that no two rows share. */
    readonly key: string;
    /** The order where the client asks for none. */
    readonly orderBy: readonly { readonly property: string; readonly direction: 'asc' | 'desc' }[];
    /**
     * The time that moves with every change of a row. Who filters for what is later, and asks for neither order nor number, gets rows in its order: a row
     * that changes while he reads on comes once more, further on, and not into a page that has left.
     */
    readonly changedAt?: string;
  };
}

const indexes = new WeakMap<readonly ODataField[], ReadonlyMap<string, ODataField>>();

export function findField(fields: readonly ODataField[], name: string): ODataField | undefined {
  let index = indexes.get(fields);
  if (!index) {
    index = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
    indexes.set(fields, index);
  }
  return index.get(name.toLowerCase());
}
