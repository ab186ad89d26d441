const LINE_LENGTH = 2_000;

/** The last lines a process wrote, kept to explain its end. */
export class LastLines {
  readonly #lines: string[] = [];
  readonly #keep: number;
  #partial = '';

  constructor(keep: number) {
    this.#keep = keep;
  }

  add(data: Buffer | string): void {
    const lines = (this.#partial + data.toString('utf8')).split('\n');
    this.#partial = (lines.pop() ?? '').slice(-LINE_LENGTH);
    this.#lines.push(...lines.slice(-this.#keep).map((line) => line.slice(0, LINE_LENGTH)));
    this.#lines.splice(0, Math.max(0, this.#lines.length - this.#keep));
  }

  text(): string {
    return [...this.#lines, this.#partial].filter((line) => line !== '').join('\n');
  }
}
