/** The rule pack that comes with Merlon: the folder `rules` beside the program. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RuleSource } from './detector.ts';
import { isRuleFile } from './rule-files.ts';

/** Upwards from this file, which lies deeper in the sources than in the build. */
export function builtinRulesFolder(from: string = fileURLToPath(import.meta.url)): string {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    const candidate = join(folder, 'rules');
    if (existsSync(join(candidate, 'linux')) && existsSync(join(candidate, 'windows'))) return candidate;
    if (dirname(folder) === folder)
      throw new Error(`the rule pack is missing: no folder "rules" above ${from}`);
  }
}

export function readBuiltinRules(folder: string): RuleSource[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(isRuleFile)
    .sort()
    .map((name) => ({ text: readFileSync(join(folder, name), 'utf8'), file: name.replaceAll('\\', '/') }));
}
