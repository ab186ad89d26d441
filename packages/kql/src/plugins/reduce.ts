/** Groups of similar texts, after R. Vaarandi's clustering of log lines: words that are frequent in their place stay, others become `*`. Pure. */

export interface ReduceOptions {
  /** Share of all texts that a word, and a group, must have more than. */
  readonly threshold: number;
  /** What tells words apart; undefined: everything but letters and digits. */
  readonly separators: string | undefined;
}

export interface ReducedGroup {
  readonly pattern: string;
  readonly count: number;
  readonly representative: string;
}

/** The pattern of texts that belong to no group. */
export const othersPattern = 'others';

interface Words {
  readonly words: readonly string[];
  /** What stands before each word, and after the last. */
  readonly gaps: readonly string[];
}

function split(text: string, separators: string | undefined): Words {
  const isSeparator = (character: string) =>
    separators === undefined ? !/[\p{L}\p{N}]/u.test(character) : separators.includes(character);
  const words: string[] = [];
  const gaps = [''];
  let word = '';
  for (const character of text) {
    if (!isSeparator(character)) {
      word += character;
      continue;
    }
    if (word !== '') {
      words.push(word);
      gaps.push('');
      word = '';
    }
    gaps[gaps.length - 1] += character;
  }
  if (word !== '') {
    words.push(word);
    gaps.push('');
  }
  return { words, gaps };
}

const isNumber = (word: string) => /^\p{N}+$/u.test(word);

/** The pattern of each of the distinct texts, by how often it occurs. */
export function reducePatterns(
  texts: ReadonlyMap<string, number>,
  options: ReduceOptions,
): Map<string, string> {
  const all = [...texts.values()].reduce((sum, count) => sum + count, 0);
  const least = all * options.threshold;
  const parsed = [...texts].map(([text, count]) => ({ text, count, ...split(text, options.separators) }));
  const frequency = new Map<string, number>();
  const placed = (word: string, place: number) => `${place} ${word}`;
  for (const { words, count } of parsed)
    for (const [place, word] of words.entries())
      frequency.set(placed(word, place), (frequency.get(placed(word, place)) ?? 0) + count);
  // A number is a variable, unless it is the same everywhere.
  const stays = (word: string, place: number) => {
    const count = frequency.get(placed(word, place)) ?? 0;
    return count > least && (!isNumber(word) || count === all);
  };
  const patterns = new Map<string, string>();
  const support = new Map<string, number>();
  for (const { text, count, words, gaps } of parsed) {
    const pattern = words.some(stays) ? patternOf(words, gaps, stays, options.separators !== undefined) : '';
    patterns.set(text, pattern);
    support.set(pattern, (support.get(pattern) ?? 0) + count);
  }
  for (const [text, pattern] of patterns)
    if (pattern === '' || (support.get(pattern) ?? 0) <= least) patterns.set(text, othersPattern);
  return patterns;
}

/** The words that stay; one star for all that vary in a row. Separators of the author's own choice go with what varies beside them. */
function patternOf(
  words: readonly string[],
  gaps: readonly string[],
  stays: (word: string, place: number) => boolean,
  swallows: boolean,
): string {
  let pattern = '';
  let inStar = false;
  for (const [place, word] of words.entries()) {
    const gap = gaps[place] ?? '';
    const isStar = !stays(word, place);
    if (isStar && inStar) continue;
    pattern += swallows && (isStar || inStar) ? '' : gap;
    pattern += isStar ? '*' : word;
    inStar = isStar;
  }
  return pattern + (swallows && inStar ? '' : (gaps[words.length] ?? ''));
}

/** The groups, largest first, and what belongs to none at the end. */
export function reduceGroups(
  texts: ReadonlyMap<string, number>,
  patterns: ReadonlyMap<string, string>,
): ReducedGroup[] {
  const groups = new Map<string, { count: number; representative: string; most: number }>();
  for (const [text, count] of texts) {
    const pattern = patterns.get(text) ?? othersPattern;
    const group = groups.get(pattern) ?? { count: 0, representative: '', most: 0 };
    groups.set(pattern, group);
    group.count += count;
    if (pattern !== othersPattern && count > group.most) {
      group.most = count;
      group.representative = text;
    }
  }
  return [...groups]
    .map(([pattern, { count, representative }]) => ({ pattern, count, representative }))
    .sort(
      (a, b) =>
        Number(a.pattern === othersPattern) - Number(b.pattern === othersPattern) ||
        b.count - a.count ||
        (a.pattern < b.pattern ? -1 : 1),
    );
}
