/** What a command says: bounded, in pieces that fit a frame, as a table for people or as JSON for programs. */
import { LIVE_OUTPUT_CHARS, type LiveWord } from '@merlon/contract';

/** Of one command; what comes after is counted, not kept. */
const COMMAND_CHARS = 4 * 1024 * 1024;
const CELL_CHARS = 200;

export type Row = Readonly<Record<string, string | number | boolean | null>>;

export class CommandOutput {
  readonly #command: number;
  readonly #say: (word: LiveWord) => void;
  /** Resolves when there is room for more. */
  readonly #room: () => Promise<void>;
  readonly format: 'table' | 'json';
  #chars = 0;
  #dropped = 0;
  /** Pieces kept back because they go into a file. */
  readonly #held: string[] | null;

  constructor(options: {
    readonly command: number;
    readonly format: 'table' | 'json';
    readonly hold: boolean;
    readonly say: (word: LiveWord) => void;
    readonly room: () => Promise<void>;
  }) {
    this.#command = options.command;
    this.format = options.format;
    this.#say = options.say;
    this.#room = options.room;
    this.#held = options.hold ? [] : null;
  }

  /** At once; for what comes from a program that is not to be held up. */
  write(text: string, stream: 'out' | 'err' = 'out'): void {
    // The server keeps no zero character and no half of one.
    const clean = Buffer.from(text).toString().replaceAll('\0', '\ufffd');
    const kept = clean.slice(0, Math.max(0, COMMAND_CHARS - this.#chars));
    this.#chars += kept.length;
    this.#dropped += clean.length - kept.length;
    if (this.#held && stream === 'out') {
      this.#held.push(kept);
      return;
    }
    for (const piece of pieces(kept))
      this.#say({ kind: 'output', command: this.#command, stream, text: piece });
  }

  async line(text: string): Promise<void> {
    await this.#room();
    this.write(`${text}\n`);
  }

  /** As the format says. A row of a table is one line. */
  async rows(rows: readonly Row[]): Promise<void> {
    if (this.format === 'json') {
      await this.#room();
      this.write(`${JSON.stringify(rows, null, 1)}\n`);
      return;
    }
    let block = '';
    for (const line of table(rows)) {
      block += `${line}\n`;
      if (block.length < LIVE_OUTPUT_CHARS / 2) continue;
      await this.#room();
      this.write(block);
      block = '';
    }
    this.write(block);
  }

  /** Says how much was left out, and gives back what was held. */
  end(): string {
    if (this.#dropped > 0) {
      const note = `[${this.#dropped} more characters were not kept]\n`;
      if (this.#held) this.#held.push(note);
      else this.#say({ kind: 'output', command: this.#command, stream: 'err', text: note });
    }
    return this.#held?.join('') ?? '';
  }
}

/** No piece ends in the middle of a character. */
function* pieces(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + LIVE_OUTPUT_CHARS);
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end -= 1;
    yield Buffer.from(text.slice(at, end)).toString();
    at = end;
  }
}

function* table(rows: readonly Row[]): Generator<string> {
  const [first] = rows;
  if (!first) {
    yield '(nothing)';
    return;
  }
  const columns = Object.keys(first);
  const cells = rows.map((row) => columns.map((column) => cell(row[column])));
  const widths = columns.map((column, at) =>
    cells.reduce((widest, row) => Math.max(widest, row[at]?.length ?? 0), column.length),
  );
  const line = (words: readonly string[]) =>
    words.map((word, at) => (at === words.length - 1 ? word : word.padEnd(widths[at] ?? 0))).join('  ');
  yield line(columns);
  yield line(
    widths.map((width, at) => '-'.repeat(at === widths.length - 1 ? (columns[at]?.length ?? 0) : width)),
  );
  for (const row of cells) yield line(row);
}

/** Names on a device may hold line ends and the codes that move a terminal's cursor. */
function cell(value: Row[string] | undefined): string {
  return String(value ?? '')
    .replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .slice(0, CELL_CHARS);
}
