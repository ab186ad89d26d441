/** JSON text with the keys of each object in order and no spaces between; numbers and texts stay as they are written. */
export function canonicalJson(json: string): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let at = 0;
  const list = (end: string): string[] => {
    const items: string[] = [];
    while (at < tokens.length && tokens[at] !== end) {
      if (tokens[at] === ',') at++;
      else items.push(value());
    }
    at++;
    return items;
  };
  const member = (): readonly [string, string] => {
    const key = tokens[at] ?? '';
    at += 2;
    return [key, value()];
  };
  const value = (): string => {
    const token = tokens[at++] ?? '';
    if (token === '[') return `[${list(']').join(',')}]`;
    if (token !== '{') return token;
    const members: (readonly [string, string])[] = [];
    while (at < tokens.length && tokens[at] !== '}') {
      if (tokens[at] === ',') at++;
      else members.push(member());
    }
    at++;
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, written]) => `${key}:${written}`).join(',')}}`;
  };
  return value();
}
