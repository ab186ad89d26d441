import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse } from 'yaml';

/**
 * Browsers, systems and devices by the patterns of the uap-core project, which are what Kusto goes by. A pattern's fields are taken from its
 * replacements, in which `$1` is a group, or else from the groups in their order.
 */

export type UserAgentTarget = 'browser' | 'os' | 'device';

interface Pattern {
  readonly regex: RegExp;
  /** What is said of each field; undefined takes the group of the same number. */
  readonly replacements: readonly (string | undefined)[];
}

interface Section {
  readonly list: string;
  readonly name: string;
  readonly fields: readonly string[];
  readonly replacements: readonly string[];
  /** Whether fields without a replacement take groups from the second on; of a device, only the model takes one, the first. */
  readonly groups: readonly (number | undefined)[];
}

const sections: Readonly<Record<UserAgentTarget, Section>> = {
  browser: {
    list: 'user_agent_parsers',
    name: 'Browser',
    fields: ['Family', 'MajorVersion', 'MinorVersion', 'Patch'],
    replacements: ['family_replacement', 'v1_replacement', 'v2_replacement', 'v3_replacement'],
    groups: [1, 2, 3, 4],
  },
  os: {
    list: 'os_parsers',
    name: 'OperatingSystem',
    fields: ['Family', 'MajorVersion', 'MinorVersion', 'Patch', 'PatchMinor'],
    replacements: [
      'os_replacement',
      'os_v1_replacement',
      'os_v2_replacement',
      'os_v3_replacement',
      'os_v4_replacement',
    ],
    groups: [1, 2, 3, 4, 5],
  },
  device: {
    list: 'device_parsers',
    name: 'Device',
    fields: ['Family', 'Brand', 'Model'],
    replacements: ['device_replacement', 'brand_replacement', 'model_replacement'],
    groups: [1, undefined, 1],
  },
};

export const userAgentTargets = Object.keys(sections) as UserAgentTarget[];

const require = createRequire(import.meta.url);

/** Longer texts are no user agents: what is behind this many characters is not looked at. */
const maxLength = 4096;

let patterns: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> | undefined;
const compiled = new Map<UserAgentTarget, readonly Pattern[]>();

function patternsOf(target: UserAgentTarget): readonly Pattern[] {
  const known = compiled.get(target);
  if (known !== undefined) return known;
  const { list, replacements } = sections[target];
  patterns ??= parse(readFileSync(require.resolve('uap-core/regexes.yaml'), 'utf8'));
  const made = (patterns?.[list] ?? []).map(
    (entry): Pattern => ({
      regex: new RegExp(entry.regex ?? '', entry.regex_flag),
      replacements: replacements.map((name) => entry[name]),
    }),
  );
  compiled.set(target, made);
  return made;
}

function fieldsOf(target: UserAgentTarget, text: string): Record<string, string> {
  const { fields, groups } = sections[target];
  for (const { regex, replacements } of patternsOf(target)) {
    const match = regex.exec(text);
    if (match === null) continue;
    const group = (index: number | undefined) => (index === undefined ? '' : (match[index] ?? ''));
    return Object.fromEntries(
      fields.map((field, index) => {
        const written = replacements[index]?.replace(/\$(\d)/g, (_, digit: string) => group(Number(digit)));
        return [field, (written ?? group(groups[index])).trim()];
      }),
    );
  }
  return Object.fromEntries(fields.map((field, index) => [field, index === 0 ? 'Other' : '']));
}

/** JSON text of what the text says of each target. */
export function jsonOfUserAgent(text: string, targets: readonly UserAgentTarget[]): string {
  const seen = text.slice(0, maxLength);
  return JSON.stringify(
    Object.fromEntries(targets.map((target) => [sections[target].name, fieldsOf(target, seen)])),
  );
}
