/** A step of a JSONPath: the key of an object, or the position in an array, from 0. */
export type JsonPathStep = string | number;

/** Steps of `$.a.b[0]['c']`; undefined for what is no such path, wildcards and filters among them. */
export function jsonPathSteps(path: string): JsonPathStep[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const steps: JsonPathStep[] = [];
  const step = /\.([^.[\]'"*@?\s]+)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]/y;
  step.lastIndex = 1;
  while (step.lastIndex < path.length) {
    const found = step.exec(path);
    if (found === null) return undefined;
    steps.push(found[1] ?? found[3] ?? found[4] ?? Number(found[2]));
  }
  return steps;
}

/** The same where only keys may be. */
export function jsonPathKeys(path: string): string[] | undefined {
  const steps = jsonPathSteps(path)?.map((step) => (typeof step === 'string' ? step : undefined));
  const keys = steps?.filter((step) => step !== undefined);
  return keys !== undefined && keys.length > 0 && keys.length === steps?.length ? keys : undefined;
}
