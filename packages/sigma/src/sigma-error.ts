/**
 * `syntax`: not YAML, or a condition that does not parse. `rule`: a key is missing, of the wrong type or contradicts another.
 * `unsupported`: correct Sigma that we do not run. `regex`: an expression RE2 refuses.
 */
export type SigmaErrorKind = 'syntax' | 'rule' | 'unsupported' | 'regex';

export interface SigmaErrorPlace {
  /** Name of the file, where the text came from one. */
  readonly file: string | null;
  /** Keys from the top of the rule: `detection.selection.Image|endswith`. Empty: the whole document. */
  readonly path: string;
  /** From 1. Null where the text is not at hand. */
  readonly line: number | null;
  readonly column: number | null;
}

/** What this package throws for whatever a rule says; nothing else. */
export class SigmaError extends Error {
  override readonly name = 'SigmaError';
  readonly kind: SigmaErrorKind;
  readonly place: SigmaErrorPlace;
  /** Without the place. */
  readonly problem: string;

  constructor(kind: SigmaErrorKind, problem: string, place: SigmaErrorPlace) {
    super(`${placeText(place)}${problem}`);
    this.kind = kind;
    this.problem = problem;
    this.place = place;
  }
}

function placeText({ file, path, line, column }: SigmaErrorPlace): string {
  const position = line === null ? '' : `:${line}:${column ?? 1}`;
  const head =
    file === null ? (line === null ? '' : `line ${line}, column ${column ?? 1}: `) : `${file}${position}: `;
  return path === '' ? head : `${head}${path}: `;
}
