import { describe, expect, it } from 'vitest';
import { pathsOfJson, schemaOfAll } from './dynamic-shape.ts';

describe('paths', () => {
  it.each([
    ['{"a":"b","c":123}', `["['a']","['c']"]`],
    ['{"p":[1,2],"q":"v"}', `["['p']","['p'][0]","['q']"]`],
    ['{"l":[100,"x",{"x":"y"}]}', `["['l']","['l'][0]","['l'][0]['x']"]`],
    ['[[1],{"a":2}]', `["[0]","[0][0]","[0]['a']"]`],
    [`{"it's":{"b":null}}`, `["['it\\\\'s']","['it\\\\'s']['b']"]`],
    ['{}', '[]'],
  ])('of %s', (json, paths) => {
    expect(pathsOfJson(json)).toBe(paths);
  });

  it.each(['1', '"text"', 'null', '', '{'])('%s has none', (json) => {
    expect(pathsOfJson(json)).toBeUndefined();
  });
});

describe('a schema', () => {
  it.each([
    ['[]', 'null'],
    ['[null]', 'null'],
    ['[1,2]', '"long"'],
    ['[1,1.0]', '["double","long"]'],
    ['["1.5"]', '"string"'],
    ['[true,"x"]', '["bool","string"]'],
    ['[{"a":1},{"a":"x","b":[1,"y"]}]', '{"a":["long","string"],"b":{"`indexer`":["long","string"]}}'],
    ['[{"y":3.5},{"y":{"w":"z"}}]', '{"y":["double",{"w":"string"}]}'],
    ['[{"a":[]},{"b":null}]', '{"a":{"`indexer`":[]},"b":[]}'],
  ])('of %s', (json, schema) => {
    expect(schemaOfAll(json)).toBe(schema);
  });
});
