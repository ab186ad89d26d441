import { type FilterNode, type FilterVisitor, foldFilter, type LiteralNode } from './filter-node.ts';

function printLiteral(node: LiteralNode): string {
  switch (node.type) {
    case 'string':
    case 'enum':
      return `'${node.value.replaceAll("'", "''")}'`;
    case 'datetime':
      return node.value;
    case 'int':
    case 'number':
    case 'bool':
      return String(node.value);
    case 'null':
      return 'null';
  }
}

const printer: FilterVisitor<string, string> = {
  and: (operands) => `(${operands.join(' and ')})`,
  or: (operands) => `(${operands.join(' or ')})`,
  not: (operand) => `not (${operand})`,
  compare: (operator, left, right) => `${left} ${operator} ${right}`,
  in: (value, options) => `${value} in (${options.join(', ')})`,
  match: (name, text, part) => `${name}(${text}, ${part})`,
  any: (collection, variable, condition) =>
    condition === null ? `${collection}/any()` : `${collection}/any(${variable}: ${condition})`,
  all: (collection, variable, condition) => `${collection}/all(${variable}: ${condition})`,
  is: (condition, value) => `(${condition}) eq ${value}`,
  truth: (value) => value,
  property: (node) => (node.of === null ? node.field.name : `${node.of}/${node.field.name}`),
  variable: (node) => node.name,
  literal: printLiteral,
  call: (name, args) => `${name}(${args.join(', ')})`,
};

/** A filter as text that parses to the same filter: for logs, and for saying back to people what was understood. */
export function printFilter(node: FilterNode): string {
  return foldFilter(node, printer);
}
