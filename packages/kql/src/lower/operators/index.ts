import type { SyntaxNode } from '../../bind/syntax.ts';
import type { Rows } from '../rows.ts';
import type { ScalarScope } from '../scalar-scope.ts';
import { count, distinct } from './distinct.ts';
import { evaluate } from './evaluate.ts';
import { extend } from './extend.ts';
import { externaldata } from './external-data.ts';
import { join, lookup } from './join.ts';
import { makeSeries } from './make-series.ts';
import { mvApply } from './mv-apply.ts';
import { mvExpand } from './mv-expand.ts';
import { as, invoke, render } from './naming.ts';
import { parse, parseWhere } from './parse.ts';
import { parseKv } from './parse-kv.ts';
import { partition } from './partition.ts';
import {
  project,
  projectAway,
  projectByNames,
  projectKeep,
  projectRename,
  projectReorder,
} from './project.ts';
import { reduce } from './reduce.ts';
import type { OperatorRule } from './rule.ts';
import { scan } from './scan.ts';
import { find, search } from './search.ts';
import { sample, serialize, sort, take, top } from './sort.ts';
import { summarize } from './summarize.ts';
import { sampleDistinct, topHitters } from './top-hitters.ts';
import { topNested } from './top-nested.ts';
import { union } from './union.ts';
import { assertSchema, datatable, getschema, print, range } from './values.ts';
import { where } from './where.ts';

interface PipedOperator {
  /** As written in a query. */
  readonly keyword: string;
  readonly lower: OperatorRule;
}

interface SourceOperator {
  readonly keyword: string;
  readonly lower: (node: SyntaxNode, scope: ScalarScope) => Rows;
}

/** Operators that follow a `|`, by the class of their node. */
export const pipedOperators: ReadonlyMap<string, PipedOperator> = new Map([
  ['FilterOperator', { keyword: 'where', lower: where }],
  ['ExtendOperator', { keyword: 'extend', lower: extend }],
  ['ProjectOperator', { keyword: 'project', lower: project }],
  ['ProjectAwayOperator', { keyword: 'project-away', lower: projectAway }],
  ['ProjectKeepOperator', { keyword: 'project-keep', lower: projectKeep }],
  ['ProjectRenameOperator', { keyword: 'project-rename', lower: projectRename }],
  ['ProjectReorderOperator', { keyword: 'project-reorder', lower: projectReorder }],
  ['SummarizeOperator', { keyword: 'summarize', lower: summarize }],
  ['SortOperator', { keyword: 'sort', lower: sort }],
  ['TopOperator', { keyword: 'top', lower: top }],
  ['ScanOperator', { keyword: 'scan', lower: scan }],
  ['SampleOperator', { keyword: 'sample', lower: sample }],
  ['SampleDistinctOperator', { keyword: 'sample-distinct', lower: sampleDistinct }],
  ['TopHittersOperator', { keyword: 'top-hitters', lower: topHitters }],
  ['AssertSchemaOperator', { keyword: 'assert-schema', lower: assertSchema }],
  ['ProjectByNamesOperator', { keyword: 'project-by-names', lower: projectByNames }],
  ['TopNestedOperator', { keyword: 'top-nested', lower: topNested }],
  ['TakeOperator', { keyword: 'take', lower: take }],
  ['DistinctOperator', { keyword: 'distinct', lower: distinct }],
  ['CountOperator', { keyword: 'count', lower: count }],
  ['JoinOperator', { keyword: 'join', lower: join }],
  ['LookupOperator', { keyword: 'lookup', lower: lookup }],
  ['SearchOperator', { keyword: 'search', lower: ({ node, scope, input }) => search(node, scope, input) }],
  ['UnionOperator', { keyword: 'union', lower: ({ node, scope, input }) => union(node, scope, input) }],
  ['MvExpandOperator', { keyword: 'mv-expand', lower: mvExpand }],
  ['MakeSeriesOperator', { keyword: 'make-series', lower: makeSeries }],
  ['MvApplyOperator', { keyword: 'mv-apply', lower: mvApply }],
  ['PartitionOperator', { keyword: 'partition', lower: partition }],
  ['ParseOperator', { keyword: 'parse', lower: parse }],
  ['ParseWhereOperator', { keyword: 'parse-where', lower: parseWhere }],
  ['ParseKvOperator', { keyword: 'parse-kv', lower: parseKv }],
  ['SerializeOperator', { keyword: 'serialize', lower: serializeAndExtend }],
  ['AsOperator', { keyword: 'as', lower: as }],
  ['InvokeOperator', { keyword: 'invoke', lower: invoke }],
  ['EvaluateOperator', { keyword: 'evaluate', lower: evaluate }],
  ['ReduceByOperator', { keyword: 'reduce', lower: reduce }],
  ['GetSchemaOperator', { keyword: 'getschema', lower: getschema }],
  ['RenderOperator', { keyword: 'render', lower: render }],
]);

/** Operators that begin a query, by the class of their node. */
export const sourceOperators: ReadonlyMap<string, SourceOperator> = new Map([
  ['UnionOperator', { keyword: 'union', lower: (node, scope) => union(node, scope, undefined) }],
  ['SearchOperator', { keyword: 'search', lower: (node, scope) => search(node, scope, undefined) }],
  ['FindOperator', { keyword: 'find', lower: find }],
  ['PrintOperator', { keyword: 'print', lower: print }],
  ['DataTableExpression', { keyword: 'datatable', lower: datatable }],
  ['ExternalDataExpression', { keyword: 'externaldata', lower: externaldata }],
  ['RangeOperator', { keyword: 'range', lower: range }],
]);

/** `serialize a = …` is `serialize` and `extend` in one. */
function serializeAndExtend(call: Parameters<OperatorRule>[0]): Rows {
  return extend({ ...call, input: serialize(call) });
}
