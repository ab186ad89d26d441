export { compilePredicate } from './compile-predicate.ts';
export * from './filter-node.ts';
export { canonicalTime } from './iso-time.ts';
export { ODataError } from './odata-error.ts';
export type { ODataField, ODataItems, ODataSet, ScalarType } from './odata-set.ts';
export { findField } from './odata-set.ts';
export { FILTER_LIMITS, parseFilter } from './parse-filter.ts';
export { type ODataOrder, type ODataQuery, parseQuery } from './parse-query.ts';
export { printFilter } from './print-filter.ts';
