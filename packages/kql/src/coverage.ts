import { kustoLibrary } from './bind/library.ts';
import { textFormats } from './external/format.ts';
import { aggregateFamilies, aggregates } from './lower/aggregates/index.ts';
import { severalResultOperators } from './lower/first-result.ts';
import { functionFamilies, scalarFunctions } from './lower/functions/index.ts';
import { pipedOperators, sourceOperators } from './lower/operators/index.ts';
import { joinKinds, lookupKinds } from './lower/operators/join.ts';
import { plugins } from './lower/plugins/index.ts';
import { setOperators } from './lower/predicates/sets.ts';
import { textOperators } from './lower/predicates/text-operators.ts';
import { enrichments, rewrittenPlugins } from './service/service-names.ts';

/** The reference page of what is supported, made from the tables that the translator itself goes by. */
export function coveragePage(): string {
  const library = kustoLibrary();
  const missing = (all: readonly { readonly Name: string }[], has: (name: string) => boolean) =>
    [...new Set(all.map((symbol) => symbol.Name))]
      .filter((name) => !name.startsWith('__') && !has(name))
      .sort();
  const operators = new Set([
    ...[...pipedOperators.values(), ...sourceOperators.values()].map((operator) => operator.keyword),
    ...severalResultOperators,
  ]);
  const evaluated = [...plugins.keys(), ...rewrittenPlugins].sort();
  const sections = [
    '# KQL: what runs here',
    'Made from the code by `node packages/kql/scripts/write-coverage.mjs`; a test fails when it is out of date. A query that uses anything else is ' +
      'refused with the name and place of it. A form of a listed construct that is not supported (such as a pattern that is not a constant) is ' +
      'refused in the same way.',
    '## Tabular operators',
    code([...operators].sort()),
    'Also `let` (scalar, tabular, functions), `declare query_parameters` (each at its default), `declare pattern`, `restrict access to`, `materialize()`, `toscalar()`, ' +
      '`table()` with a name that is the same for every row, wildcards in `union`.',
    'A query of several results (statements one after the other, `fork`, `facet`) answers with the first, since the answer of the hunting API is one table; `consume` ' +
      'runs what is before it and answers with none.',
    '### Kinds of join',
    code(Object.keys(joinKinds).sort()),
    '### Kinds of lookup',
    code(Object.keys(lookupKinds).sort()),
    '## Scalar operators',
    code([
      '==',
      '!=',
      '<>',
      '<',
      '<=',
      '>',
      '>=',
      '+',
      '-',
      '*',
      '/',
      '%',
      'and',
      'or',
      'between',
      '!between',
    ]),
    '### On text',
    code([...textOperators.keys()].sort()),
    '### On sets',
    `${code([...setOperators])}\n\nThe right side may be literals, a dynamic array, an expression or a table.`,
    `## Scalar functions (${scalarFunctions.size})`,
    ...Object.entries(functionFamilies).flatMap(([family, rules]) => [
      `### ${family}`,
      code(Object.keys(rules).sort()),
    ]),
    '### Shapes on the Earth',
    'Polygons whose rings cross, or share an edge, are none and give null, with one exception: `geo_point_in_polygon()` and `geo_distance_point_to_polygon()` tell it of a ' +
      'polygon that the query writes, and take one in a column by what an odd number of its edges goes round. Shapes that would take more than about two seconds ' +
      '(some thousand corners, or crossings), that reach over half of the Earth, or that all but touch are refused by name. A call on columns computes for 20,000 ' +
      'different sets of arguments at most; `geo_distance_2points()` does so on the spheroid only.',
    `## Aggregates (${aggregates.size})`,
    ...Object.entries(aggregateFamilies).flatMap(([family, rules]) => [
      `### ${family}`,
      code(Object.keys(rules).sort()),
    ]),
    `## Plug-ins of \`evaluate\` (${evaluated.length})`,
    code(evaluated),
    '## Formats of `externaldata`',
    `${code([...textFormats].sort())}, packed by gzip or zip or not at all.`,
    '## Functions of the service',
    `${code([...enrichments].sort())}, over our own tables and beneath the caller's scope.`,
    '## Refused by name',
    '### Tabular operators and statements',
    `${code(['macro-expand'])}, other databases and clusters, ` +
      'and the operators of graphs. In the sub-query of `mv-apply` or `partition`: `as`, `getschema`, `top-nested`, `union`, and a `join` that keeps rows of the right side alone.',
    '### Scalar functions',
    code(missing(library.Functions.All, (name) => scalarFunctions.has(name) || name === 'table')),
    '### Aggregates',
    code(missing(library.Aggregates.All, (name) => aggregates.has(name))),
    '### Plug-ins of `evaluate`',
    code(missing(library.PlugIns.All, (name) => evaluated.includes(name))),
  ];
  return `${sections.join('\n\n')}\n`;
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
