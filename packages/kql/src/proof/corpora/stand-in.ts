import { gzipSync } from 'node:zlib';

/** What the addresses of a query's `externaldata` hold here: rows of the columns and in the format that the query itself expects. */
export function standIn(query: string): (url: string) => Uint8Array {
  const columns = [
    ...(/externaldata\s*\(([^)]*)\)/i.exec(query)?.[1] ?? 'line:string').matchAll(/([\w']+)\s*:\s*(\w+)/g),
  ].map(([, name = '', type = '']) => ({ name, type: type.toLowerCase() }));
  const format = /format\s*=\s*@?["']?(\w+)/i.exec(query)?.[1]?.toLowerCase();
  return (url) => {
    const text = content(columns, format ?? (/\.json(\.gz)?$/i.test(url) ? 'json' : 'csv'));
    const bytes = new TextEncoder().encode(text);
    return /\.gz$/i.test(url) ? gzipSync(bytes) : bytes;
  };
}

interface Column {
  readonly name: string;
  readonly type: string;
}

function content(columns: readonly Column[], format: string): string {
  const rows = [0, 1, 2, 3].map((index) => columns.map((column) => cell(column, index)));
  switch (format) {
    case 'json':
    case 'multijson':
      return rows
        .map((row) => JSON.stringify(Object.fromEntries(columns.map(({ name }, at) => [name, row[at]]))))
        .join('\n');
    case 'txt':
    case 'raw':
      return rows.map((row) => row[0]).join('\n');
    case 'tsv':
      return rows.map((row) => row.join('\t')).join('\n');
    default:
      return rows.map((row) => row.map((value) => `"${value}"`).join(',')).join('\n');
  }
}

function cell({ name, type }: Column, index: number): string {
  if (type === 'datetime') return `2026-11-2${index}T00:00:00Z`;
  if (type !== 'string' && type !== 'dynamic') return String(index + 1);
  if (/ip|address|network|range|cidr/i.test(name))
    return ['203.0.113.7', '10.0.0.0/8', '8.8.8.8', '198.51.100.0/24'][index] ?? '';
  if (/domain|host|url/i.test(name))
    return ['evil.example', 'files.example.net', 'login.example.com', 'a.test'][index] ?? '';
  return ['evil.example', '203.0.113.7', 'powershell.exe', 'x.dll'][index] ?? '';
}
