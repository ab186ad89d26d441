/** What a query asks of a column, read from its text: enough to make rows that some of its conditions let through. */
interface Wish {
  readonly exact: (string | number)[];
  readonly parts: string[];
  prefix: string;
  suffix: string;
}

export type Wishes = ReadonlyMap<string, Wish>;

const condition =
  /(?<![!\w])([A-Za-z_]\w*)(?:\)+)?\s*(==|=~|>=|<=|>|<|has_cs|has_any|has_all|hasprefix_cs|hasprefix|hassuffix_cs|hassuffix|has|contains_cs|contains|startswith_cs|startswith|endswith_cs|endswith|in~|in)(?![\w~])\s*(\(?)\s*/g;

/** The conditions on each name that is compared to something whose value the text shows. */
export function wishesOf(query: string): Wishes {
  const text = query.replaceAll(/^\s*\/\/[^\n]*$/gm, '');
  const named = namedLists(text);
  const wishes = new Map<string, Wish>();
  for (const match of text.matchAll(condition)) {
    const [whole, column = '', operator = '', open] = match;
    const rest = text.slice(match.index + whole.length);
    const values = open === '(' ? listed(rest, named) : single(rest, named);
    if (values.length === 0) continue;
    const wish = wishes.get(column) ?? { exact: [], parts: [], prefix: '', suffix: '' };
    wishes.set(column, wish);
    note(wish, operator, values);
  }
  return wishes;
}

/** Names that a query reads out of a bag it unpacks: those that nothing in its text defines and no table has. */
export function unpackedNames(query: string, isColumn: (name: string) => boolean): string[] {
  const unpack = query.search(/\bevaluate\s+bag_unpack\b/);
  if (unpack === -1) return [];
  const text = query.slice(unpack).replaceAll(/\/\/[^\n]*|@?"(?:[^"\\\n]|\\.)*"|@?'(?:[^'\\\n]|\\.)*'/g, ' ');
  const names = [...text.matchAll(/(?<![.\w])[A-Za-z_]\w*(?!\s*[(\w])/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => /^[A-Z]/.test(name) && !isColumn(name)).slice(0, 30);
}

function note(wish: Wish, operator: string, values: readonly (string | number)[]): void {
  const [first = ''] = values;
  switch (operator.replace(/_cs$/, '')) {
    case '>':
      wish.exact.push(typeof first === 'number' ? first + 1 : first);
      break;
    case '<':
      wish.exact.push(typeof first === 'number' ? first - 1 : first);
      break;
    case 'has_all':
      wish.parts.push(...values.map(String));
      break;
    case 'has':
    case 'has_any':
    case 'contains':
      wish.parts.push(String(first));
      break;
    case 'hasprefix':
    case 'startswith':
      wish.prefix = String(first);
      break;
    case 'hassuffix':
    case 'endswith':
      wish.suffix = String(first);
      break;
    default:
      wish.exact.push(...values);
  }
}

/** A value of the wanted kind: the turn chooses among exact ones. */
export function wishedText(wish: Wish, turn: number): string {
  if (wish.exact.length > 0) return String(wish.exact[turn % wish.exact.length]);
  return [wish.prefix, ...new Set(wish.parts), wish.suffix].filter((piece) => piece !== '').join(' ');
}

/** Values of `let name = dynamic([…])` and of other names that stand for texts. */
function namedLists(text: string): Map<string, (string | number)[]> {
  const named = new Map<string, (string | number)[]>();
  for (const [, name = '', body = ''] of text.matchAll(/\blet\s+(\w+)\s*=\s*([\s\S]*?);/g)) {
    const values = literals(body).slice(0, 50);
    if (values.length > 0 && !/\|/.test(body.replaceAll(/"[^"]*"|'[^']*'/g, ''))) named.set(name, values);
  }
  return named;
}

const literal =
  /@?"((?:[^"\\\n]|\\.)*)"|@?'((?:[^'\\\n]|\\.)*)'|(?<![\w.])(-?\d+(?:\.\d+)?)(?![\w.])|\b(true|false)\b/g;

function literals(text: string): (string | number)[] {
  return [...text.matchAll(literal)].map(([whole, double, single, number, truth]) => {
    if (number !== undefined) return Number(number);
    if (truth !== undefined) return truth;
    const body = double ?? single ?? '';
    return whole.startsWith('@') ? body : body.replaceAll(/\\(.)/g, '$1');
  });
}

function listed(rest: string, named: ReadonlyMap<string, (string | number)[]>): (string | number)[] {
  const close = rest.search(/\)(?=[\s|;)]|$)/);
  const body = rest.slice(0, close === -1 ? 2000 : close);
  const name = /^(\w+)\s*$/.exec(body)?.[1];
  return name === undefined ? literals(body) : (named.get(name) ?? []);
}

function single(rest: string, named: ReadonlyMap<string, (string | number)[]>): (string | number)[] {
  literal.lastIndex = 0;
  const first = literal.exec(rest);
  literal.lastIndex = 0;
  if (first !== null && first.index === 0) return literals(first[0]);
  return named.get(/^\w+/.exec(rest)?.[0] ?? '') ?? [];
}
