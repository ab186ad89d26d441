/**
 * Why a query was refused.
 * `syntax`, `semantic`: the query is wrong, in the binder's words. `unsupported`: the query is right KQL that Merlon does not run, or one past a limit.
 */
export type KqlErrorKind = 'syntax' | 'semantic' | 'unsupported';

export interface KqlErrorPlace {
  /** Offset of the first character concerned, in UTF-16 units of the query text as it was given. */
  readonly start: number;
  /** Length in UTF-16 units; 0 when the place is a point. */
  readonly length: number;
}

/** The only error that translation throws for a query, whatever its text. */
export class KqlError extends Error {
  override readonly name = 'KqlError';
  readonly kind: KqlErrorKind;
  readonly start: number;
  readonly length: number;
  /** For `unsupported`: the name of the construct, such as `operator mv-apply` or `function geo_info_from_ip_address()`. */
  readonly construct: string | undefined;

  constructor(kind: KqlErrorKind, message: string, place: KqlErrorPlace, construct?: string) {
    super(message);
    this.kind = kind;
    this.start = place.start;
    this.length = place.length;
    this.construct = construct;
  }

  static unsupported(construct: string, place: KqlErrorPlace, why?: string): KqlError {
    const message = `Not supported: ${construct}${why === undefined ? '' : ` (${why})`}`;
    return new KqlError('unsupported', message, place, construct);
  }
}
