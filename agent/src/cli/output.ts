/** Where a command's result goes. Standard error is the log's. */
export interface Output {
  line(text: string): void;
}

export const standardOutput: Output = {
  line: (text) => {
    process.stdout.write(`${text}\n`);
  },
};

/** `key : value` lines, or JSON. Texts bare, everything else as JSON. */
export function render(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
