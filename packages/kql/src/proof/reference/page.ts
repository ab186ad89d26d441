/** An example of a page of the Kusto reference: a query and the result that the page prints for it. */
export interface Example {
  /** File name of the page, without `.md`. */
  readonly page: string;
  /** Place among the examples of its page that print a result, from 1. */
  readonly ordinal: number;
  readonly query: string;
  readonly printed: PrintedTable;
}

export interface PrintedTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The examples of a page, in order: each `kusto` block that is followed by an output table before the next block. */
export function examplesOf(page: string, markdown: string): Example[] {
  const lines = markdown.replaceAll('\r', '').split('\n');
  const examples: Example[] = [];
  let query: string | undefined;
  let expectsTable = false;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const fence = /^\s*(?:>\s*)?(`{3,})\s*(\w*)/.exec(line);
    if (fence !== null) {
      const close = lines.findIndex(
        (other, at) => at > index && other.replace(/^\s*>?\s*/, '').startsWith(fence[1] ?? '```'),
      );
      const end = close === -1 ? lines.length : close;
      query = /^kusto$/i.test(fence[2] ?? '') ? lines.slice(index + 1, end).join('\n') : undefined;
      expectsTable = false;
      index = end;
    } else if (/^\s*(?:>\s*)?(?:\*\*(?:Output|Result|Results)\s*\d*:?\*\*|#+ Output|Output:)/i.test(line)) {
      expectsTable = true;
    } else if (expectsTable && query !== undefined && isTableRow(line)) {
      const table: string[] = [];
      for (let row = lines[index]; row !== undefined && isTableRow(row); row = lines[++index])
        table.push(row);
      const printed = printedTable(table);
      if (printed !== undefined) examples.push({ page, ordinal: examples.length + 1, query, printed });
      query = undefined;
      expectsTable = false;
    }
  }
  return examples;
}

function isTableRow(line: string): boolean {
  return /^\s*(?:>\s*)?\|/.test(line);
}

function printedTable(lines: readonly string[]): PrintedTable | undefined {
  const [head, rule, ...body] = lines;
  if (head === undefined || rule === undefined || !/^[\s|:>-]+$/.test(rule)) return undefined;
  const headings = cellsOf(head).map((cell) => cell.replaceAll('`', '').replaceAll('**', ''));
  const width = headings.length;
  return { headings, rows: body.map((line) => padded(cellsOf(line), width)) };
}

function padded(cells: readonly string[], width: number): string[] {
  return Array.from({ length: width }, (_, index) => cells[index] ?? '');
}

/** Cells of a row, the markup of the page taken off. */
function cellsOf(line: string): string[] {
  const inner = line.replace(/^\s*(?:>\s*)?\|/, '').replace(/(?<!\\)\|\s*$/, '');
  return inner.split(/(?<!\\)\|/).map(plain);
}

const entities: Readonly<Record<string, string>> = {
  '&nbsp;': ' ',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&amp;': '&',
};

function plain(cell: string): string {
  const trimmed = cell.trim();
  // Inside a code span nothing else is markup.
  const code = /^(`+)([^`]*)\1$/.exec(trimmed);
  if (code !== null) return (code[2] ?? '').replaceAll('\\|', '|').trim();
  return trimmed
    .replaceAll(/<br\s*\/?>/gi, '\n')
    .replaceAll(/\[([^\][]+)\]\(https?:[^)\s]+\)/g, '$1')
    .replaceAll(/<(https?:[^>\s]+)>/g, '$1')
    .replaceAll(/&(?:nbsp|lt|gt|quot|amp);/g, (entity) => entities[entity] ?? entity)
    .replaceAll(/\\([|*_[\]<>`#])/g, '$1')
    .trim();
}
