/**
 * Fills a template in. `@@name@@` is a value; `@@include:PATH@@` another template, filled in; `@@base64:PATH@@` and `@@json:PATH@@` the same as base64 and as the
 * inside of a JSON string, for tools that carry a script within a document. Pure.
 */
const PLACEHOLDER = /@@([a-zA-Z0-9]+)(?::([^@\s]+))?@@/g;
const MAX_DEPTH = 4;

export interface Templates {
  /** Text of a template by its path. @throws Error when there is none */
  text(path: string): string;
}

/** @throws Error naming a placeholder that means nothing */
export function filledIn(
  text: string,
  values: Readonly<Record<string, string>>,
  templates: Templates,
  depth = 0,
): string {
  if (depth > MAX_DEPTH) throw new Error('templates include each other too deeply');
  return text.replaceAll(PLACEHOLDER, (placeholder, name: string, path: string | undefined) => {
    if (path === undefined) {
      const value = values[name];
      if (value === undefined) throw new Error(`a template asks for ${placeholder}`);
      return value;
    }
    const whole = withLineEnds(path, filledIn(templates.text(path), values, templates, depth + 1));
    switch (name) {
      case 'include':
        return whole;
      case 'base64':
        return Buffer.from(whole).toString('base64');
      case 'json':
        return JSON.stringify(whole).slice(1, -1);
      default:
        throw new Error(`a template asks for ${placeholder}`);
    }
  });
}

/** Windows' own interpreters misread scripts that end their lines otherwise. */
export function withLineEnds(path: string, text: string): string {
  return /\.(?:cmd|ps1)$/.test(path) ? text.replaceAll(/\r?\n/g, '\r\n') : text;
}
