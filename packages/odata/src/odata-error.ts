/** A query option that is malformed, or asks for what the set does not offer. The server answers 400 with code `ODataError`. */
export class ODataError extends Error {
  override readonly name = 'ODataError';
  /** `$filter`, `$top`… */
  readonly option: string;
  /** Character of the option's value, from 0; absent where the value as a whole is meant. */
  readonly position: number | undefined;
  /** Property the client named, as it wrote it. */
  readonly property: string | undefined;

  constructor(option: string, problem: string, where: { position?: number; property?: string } = {}) {
    super(`${option}: ${problem}${where.position === undefined ? '' : ` (at position ${where.position})`}`);
    this.option = option;
    this.position = where.position;
    this.property = where.property;
  }
}

const SHOWN = 64;

/** What the client wrote, fit to stand in a message. */
export function shown(text: string): string {
  return `'${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}'`;
}
