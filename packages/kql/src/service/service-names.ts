import type { Edit } from '../bind/edits.ts';
import { kustoLibrary } from '../bind/library.ts';
import type { Schema } from '../bind/schema.ts';
import { children, kindOf, optionalPart, part, parts, type SyntaxNode, simpleName } from '../bind/syntax.ts';
import { assignedIpAddresses, deviceFromIp, fileProfile, fileProfileLimits, seenBy } from './enrichment.ts';

/** Where the portal's queries say their tables are: whatever they name, the tables are the caller's own. */
const places = new Set(['cluster', 'database', 'workspace', 'app', 'resource']);
/** Functions that only our service has. */
export const enrichments: ReadonlySet<string> = new Set([
  'FileProfile',
  'DeviceFromIP',
  'AssignedIPAddresses',
  'SeenBy',
]);

/** Plug-ins of `evaluate` that become other operators before anything is bound. */
export const rewrittenPlugins = ['dcount_intersect', 'preview'] as const;

/** Names worth a look, so that the others are not parsed twice. */
const hint =
  /\b(?:cluster|database|workspace|app|resource|FileProfile|DeviceFromIP|AssignedIPAddresses|SeenBy|pack_all|preview|bag_unpack|dcount_intersect)\s*\(/i;

/** Calls of enrichment functions in one query. */
const maxCalls = 20;

/**
 * What is written into a query so that the names of our service bind: the place before a table of ours is left out, and the definition of an
 * enrichment function goes before a query that calls it.
 */
export function serviceEdits(text: string, schema: Schema): Edit[] {
  if (!hint.test(text)) return [];
  const root = parsed(text);
  if (root === undefined) return [];
  const edits: Edit[] = [];
  const declared = new Set<string>();
  const calls: SyntaxNode[] = [];
  const pending = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const kind = kindOf(node);
    if (kind === 'LetStatement') declared.add(simpleName(part(node, 'Name')));
    if (kind === 'EvaluateOperator')
      edits.push(...preview(node, text), ...bagUnpack(node, text), ...dcountIntersect(node, text));
    if (kind === 'FindProjectClause') edits.push(...packAll(node, text));
    if (kind === 'PathExpression') {
      const edit = withoutPlace(node, schema);
      if (edit !== undefined) {
        edits.push(edit);
        continue;
      }
    }
    if (kind === 'FunctionCallExpression' && enrichments.has(simpleName(part(node, 'Name'))))
      calls.push(node);
    pending.push(...children(node));
  }
  const ours = calls.filter((call) => !declared.has(simpleName(part(call, 'Name'))));
  const made = ours.slice(0, maxCalls).flatMap((call, index) => enriched(call, index, text));
  return outermost([...edits, ...made]);
}

/** What is rewritten whole is, whatever stands within it. */
function outermost(edits: readonly Edit[]): Edit[] {
  const isWithin = (inner: Edit, outer: Edit) =>
    inner !== outer &&
    outer.length > 0 &&
    inner.start >= outer.start &&
    inner.start + inner.length <= outer.start + outer.length &&
    (inner.length < outer.length || edits.indexOf(inner) > edits.indexOf(outer));
  return edits.filter((edit) => edit.length === 0 || !edits.some((outer) => isWithin(edit, outer)));
}

/** The text's tree without meanings; undefined for a text on which the library fails, which binding it will say. */
function parsed(text: string): SyntaxNode | undefined {
  try {
    return kustoLibrary().KustoCode.Parse(text).Syntax;
  } catch {
    return undefined;
  }
}

/** `evaluate preview(n)`, to which the binder gives no columns: of its two results the first, which is the rows. */
function preview(operator: SyntaxNode, text: string): Edit[] {
  const call = part(operator, 'FunctionCall');
  const [count] =
    simpleName(part(call, 'Name')) === 'preview' ? parts(part(call, 'ArgumentList'), 'Expressions') : [];
  if (count === undefined) return [];
  const written = text.slice(count.TextStart, count.TextStart + count.Width);
  return [{ start: operator.TextStart, length: operator.Width, text: `take ${written}` }];
}

/** `bag_unpack(bag, …, ignoredProperties=…)`, an argument that the binder does not know: the properties are taken out before. */
function bagUnpack(operator: SyntaxNode, text: string): Edit[] {
  const call = part(operator, 'FunctionCall');
  if (simpleName(part(call, 'Name')) !== 'bag_unpack') return [];
  const written = parts(part(call, 'ArgumentList'), 'Expressions');
  const asWritten = (node: SyntaxNode) => text.slice(node.TextStart, node.TextStart + node.Width);
  const isIgnored = (node: SyntaxNode, index: number) =>
    kindOf(node) === 'SimpleNamedExpression'
      ? simpleName(part(node, 'Name')).toLowerCase() === 'ignoredproperties'
      : index === 3;
  const ignored = written.find(isIgnored);
  const [bag] = written;
  if (bag === undefined || ignored === undefined) return [];
  const keys = asWritten(kindOf(ignored) === 'SimpleNamedExpression' ? part(ignored, 'Expression') : ignored);
  const others = written.filter((node) => node !== ignored).map(asWritten);
  return [
    {
      start: operator.TextStart,
      length: call.TextStart + call.Width - operator.TextStart,
      text: `extend ${asWritten(bag)} = bag_remove_keys(${asWritten(bag)}, ${keys}) | evaluate bag_unpack(${others.join(', ')})`,
    },
  ];
}

/** Sketches that one call may intersect: each doubles the terms. */
const maxSketches = 5;

/** `dcount_intersect(a, b, …)` by inclusion and exclusion, since what sketches can do is unite. */
function dcountIntersect(operator: SyntaxNode, text: string): Edit[] {
  const call = part(operator, 'FunctionCall');
  const written = parts(part(call, 'ArgumentList'), 'Expressions');
  if (simpleName(part(call, 'Name')) !== 'dcount_intersect' || written.length > maxSketches) return [];
  const sketches = written.map((node) => text.slice(node.TextStart, node.TextStart + node.Width));
  const columns = sketches.map((_, last) => {
    const terms: string[] = [];
    for (let subset = 1; subset < 2 ** (last + 1); subset++) {
      const chosen = sketches.slice(0, last + 1).filter((_sketch, index) => ((subset >> index) & 1) === 1);
      const united = chosen.length === 1 ? (chosen[0] ?? '') : `hll_merge(${chosen.join(', ')})`;
      terms.push(`${chosen.length % 2 === 1 ? '+' : '-'} dcount_hll(${united})`);
    }
    return `s${last} = max_of(0, 0 ${terms.join(' ')})`;
  });
  return [
    {
      start: operator.TextStart,
      length: call.TextStart + call.Width - operator.TextStart,
      text: `extend ${columns.join(', ')}`,
    },
  ];
}

/** `find … project a, pack_all()`, which the binder knows as `pack(*)` alone. */
function packAll(clause: SyntaxNode, text: string): Edit[] {
  return parts(clause, 'Columns').flatMap((column): Edit[] => {
    if (kindOf(column) !== 'NameReference' || simpleName(column) !== 'pack_all') return [];
    const written = /^pack_all\s*\(\s*\)/.exec(text.slice(column.TextStart))?.[0];
    return written === undefined
      ? []
      : [{ start: column.TextStart, length: written.length, text: 'pack(*)' }];
  });
}

/** `cluster("…").database("…").Table` without what is before the table, where it is one of ours. */
function withoutPlace(node: SyntaxNode, schema: Schema): Edit | undefined {
  let first = part(node, 'Expression');
  while (kindOf(first) === 'PathExpression') {
    if (!isPlace(part(first, 'Selector'))) return undefined;
    first = part(first, 'Expression');
  }
  if (!isPlace(first)) return undefined;
  // There `database().*` is other than `*`, and the binder knows it.
  if (isRestriction(node) && parts(part(first, 'ArgumentList'), 'Expressions').length === 0) return undefined;
  const table = part(node, 'Selector');
  if (!isTable(table, schema)) return undefined;
  return { start: first.TextStart, length: table.TextStart - first.TextStart, text: '' };
}

function isRestriction(node: SyntaxNode): boolean {
  let outer = optionalPart(node, 'Parent');
  while (outer !== undefined && /^(SeparatedElement|SyntaxList)$/.test(kindOf(outer)))
    outer = optionalPart(outer, 'Parent');
  return outer !== undefined && kindOf(outer) === 'RestrictStatement';
}

function isPlace(node: SyntaxNode): boolean {
  return (
    kindOf(node) === 'FunctionCallExpression' && places.has(simpleName(part(node, 'Name')).toLowerCase())
  );
}

function isTable(node: SyntaxNode, schema: Schema): boolean {
  if (kindOf(node) === 'FunctionCallExpression') return simpleName(part(node, 'Name')) === 'table';
  const name = node.ToString().trim();
  return name.includes('*') || schema.tables.has(simpleName(node));
}

/** The call by the name of its definition, and the definition. */
function enriched(call: SyntaxNode, index: number, text: string): Edit[] {
  const asWritten = (node: SyntaxNode) => text.slice(node.TextStart, node.TextStart + node.Width);
  const nameNode = part(call, 'Name');
  const name = `Merlon${simpleName(nameNode)}${index}`;
  const place = { start: call.TextStart, length: call.Width };
  const written = parts(part(call, 'ArgumentList'), 'Expressions');
  const argument = (position: number, ...names: readonly string[]): SyntaxNode | undefined => {
    const named = written.find(
      (node) => kindOf(node) === 'SimpleNamedExpression' && names.includes(simpleName(part(node, 'Name'))),
    );
    if (named !== undefined) return part(named, 'Expression');
    const positional = written[position];
    return positional !== undefined && kindOf(positional) !== 'SimpleNamedExpression'
      ? positional
      : undefined;
  };
  const replace = (definition: string, args: readonly (string | undefined)[]): Edit[] => [
    { start: 0, length: 0, text: `${definition}\n`, place },
    { ...place, text: `${name}(${args.filter((arg) => arg !== undefined).join(', ')})`, place },
  ];
  const rename = (definition: string): Edit[] => [
    { start: 0, length: 0, text: `${definition}\n`, place },
    { start: nameNode.TextStart, length: nameNode.Width, text: name },
  ];
  switch (simpleName(nameNode)) {
    case 'FileProfile': {
      const limitNode = argument(1, 'y');
      const limit = limitNode === undefined ? undefined : asWritten(limitNode);
      const asked = limit !== undefined && /^\d+$/.test(limit) ? Number(limit) : undefined;
      const most = asked === undefined ? limit : String(Math.min(asked, fileProfileLimits.most));
      return replace(fileProfile(name, columnNamed(argument(0, 'x')) ?? 'SHA1'), [most]);
    }
    case 'DeviceFromIP': {
      const column = columnNamed(argument(0, 'x', 'IP'));
      const time = column === undefined ? argument(0, 'y', 'Timestamp') : argument(1, 'y', 'Timestamp');
      return replace(deviceFromIp(name, column ?? 'IP'), [time === undefined ? undefined : asWritten(time)]);
    }
    case 'AssignedIPAddresses':
      return rename(assignedIpAddresses(name));
    default:
      return rename(seenBy(name));
  }
}

/** A column said by its bare name or as a text. */
function columnNamed(node: SyntaxNode | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (kindOf(node) === 'NameReference') return simpleName(node);
  return kindOf(node) === 'LiteralExpression' && typeof node.LiteralValue === 'string'
    ? node.LiteralValue
    : undefined;
}
