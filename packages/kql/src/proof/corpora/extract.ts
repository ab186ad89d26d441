/** The texts of a file that may be queries, by the kind of file its name says. Which of them are, the binder decides. */
export function queriesIn(fileName: string, content: string): string[] {
  const text = content.replace(/^\uFEFF/, '').replaceAll('\r', '');
  const extension = /\.(\w+)$/.exec(fileName)?.[1]?.toLowerCase() ?? '';
  if (extension === 'md') return fencedBlocks(text);
  if (extension === 'json') return jsonQueries(text);
  if (extension === 'yaml' || extension === 'yml') return yamlQueries(text);
  return text.includes('```') ? fencedBlocks(text) : [text];
}

/** Blocks that are fenced, of no language or of Kusto's. */
function fencedBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^[ \t]*(`{3,})[ \t]*([\w#+-]*)[^\n]*\n([\s\S]*?)^[ \t]*\1/gm)]
    .filter(([, , language]) => /^(|kusto|kql|csl|k|sql|text|c#|csharp|console)$/i.test(language ?? ''))
    .map(([, , , body]) => body ?? '');
}

/** Values of `query:`, whether a block scalar or on the line. */
function yamlQueries(yaml: string): string[] {
  const lines = yaml.split('\n');
  return lines.flatMap((line, index) => {
    const key = /^(\s*(?:- )?)["']?(?:query|kql|queryText)["']?\s*:\s*(.*)$/i.exec(line);
    if (key === null) return [];
    const value = (key[2] ?? '').trim();
    if (!/^[|>][+-]?\d*$/.test(value)) return [value.replace(/^(["'])([\s\S]*)\1$/, '$2')];
    const indent = (key[1] ?? '').length;
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((other) => other.trim() !== '' && other.search(/\S/) <= indent);
    return [(end === -1 ? rest : rest.slice(0, end)).join('\n')];
  });
}

/** Strings under a key that says query, wherever they are. */
function jsonQueries(json: string): string[] {
  const found: string[] = [];
  const walk = (value: unknown, key: string) => {
    if (typeof value === 'string') {
      if (/^(query|kql|querytext|querystring)$/i.test(key)) found.push(value);
    } else if (Array.isArray(value)) {
      for (const item of value) walk(item, key);
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, item] of Object.entries(value)) walk(item, name);
    }
  };
  try {
    walk(JSON.parse(json), '');
  } catch {
    return [];
  }
  return found;
}

/** Parts between blank lines: of a file that holds several queries. */
export function partsOf(text: string): string[] {
  return text
    .split(/\n[ \t]*\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
