/** What a JSON value is made of: its paths, and the types that stand at them. Pure. */

/** `treepath()`: the path of everything within a bag or an array, once; every element of an array is `[0]`. JSON null for anything else. */
export function pathsOfJson(json: string): string | undefined {
  const value = parsed(json);
  if (typeof value !== 'object' || value === null) return undefined;
  const paths = new Set<string>();
  const visit = (inner: unknown, path: string) => {
    if (typeof inner !== 'object' || inner === null) return;
    for (const [key, below] of Object.entries(inner)) {
      const step = Array.isArray(inner)
        ? '[0]'
        : `['${key.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}']`;
      paths.add(path + step);
      visit(below, path + step);
    }
  };
  visit(value, '');
  return JSON.stringify([...paths]);
}

/** The types seen in one place. */
interface Shape {
  readonly plain: Set<string>;
  readonly properties: Map<string, Shape>;
  /** Elements of arrays. */
  elements: Shape | undefined;
}

const emptyShape = (): Shape => ({ plain: new Set(), properties: new Map(), elements: undefined });

/** `buildschema()`: the smallest schema that all elements of a JSON array fit, in JSON. */
export function schemaOfAll(json: string): string {
  const values = parsed(wholeNumbersApart(json));
  const shape = emptyShape();
  for (const value of Array.isArray(values) ? values : []) observe(value, shape);
  return JSON.stringify(written(shape) ?? null);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A number that is written with a point or an exponent is a real, whole or not. */
function wholeNumbersApart(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (token) =>
    !token.startsWith('"') && /[.eE]/.test(token) ? '0.5' : token,
  );
}

function observe(value: unknown, shape: Shape): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    shape.elements ??= emptyShape();
    for (const element of value) observe(element, shape.elements);
    return;
  }
  if (typeof value === 'object') {
    for (const [key, below] of Object.entries(value)) {
      const known = shape.properties.get(key) ?? emptyShape();
      shape.properties.set(key, known);
      observe(below, known);
    }
    return;
  }
  if (typeof value === 'number') shape.plain.add(Number.isInteger(value) ? 'long' : 'double');
  else shape.plain.add(typeof value === 'boolean' ? 'bool' : 'string');
}

/** One type as itself, several as a list of which what holds others is the last; undefined for what nothing was seen of. */
function written(shape: Shape): unknown {
  const container: [string, unknown][] = [];
  if (shape.elements !== undefined) container.push(['`indexer`', written(shape.elements) ?? []]);
  for (const [key, below] of shape.properties) container.push([key, written(below) ?? []]);
  const all: unknown[] = [...shape.plain].sort();
  if (container.length > 0) all.push(Object.fromEntries(container));
  return all.length < 2 ? all[0] : all;
}
