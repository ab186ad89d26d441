/** Records of delimited text: RFC 4180, where a quoted field may hold delimiters, line ends and doubled quotes. Empty lines are no records. */
export function delimitedRecords(text: string, delimiter: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at <= text.length) {
    let field = '';
    if (text[at] === '"') {
      const quoted = quotedField(text, at + 1);
      field = quoted.value;
      at = quoted.end;
    }
    // What follows a closing quote belongs to the field as it is.
    const end = endOfField(text, at, delimiter);
    field += text.slice(at, end);
    record.push(field);
    at = end + 1;
    if (text[end] === delimiter) continue;
    if (text[end] === '\r' && text[end + 1] === '\n') at++;
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  }
  return records;
}

function quotedField(text: string, start: number): { value: string; end: number } {
  let value = '';
  let at = start;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return { value: value + text.slice(at), end: text.length };
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    at = quote + 2;
  }
}

function endOfField(text: string, start: number, delimiter: string): number {
  let at = start;
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

/** Lines that hold something. */
export function lines(text: string): string[] {
  return text.split(/\r\n|\n|\r/).filter((line) => line !== '');
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', '\\': '\\', '"': '"' };

/** Records of `tsve`: tabs between fields, and a backslash before a tab, a line end or a backslash within one. */
export function escapedRecords(text: string): string[][] {
  return lines(text).map((line) =>
    line
      .split('\t')
      .map((field) => field.replace(/\\(.)/g, (whole, character: string) => escapes[character] ?? whole)),
  );
}
