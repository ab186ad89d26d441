/** Rules and their test events as files: `name.yml` and, beside it, `name.test.yml`. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkRule, parseRules, parseRuleTests, runRuleTest, SigmaError } from '@merlon/sigma';

const TEST_FILE = /\.test\.ya?ml$/i;
const YAML_FILE = /\.ya?ml$/i;

export function isRuleFile(name: string): boolean {
  return YAML_FILE.test(name) && !TEST_FILE.test(name);
}

export interface RuleFileReport {
  readonly file: string;
  readonly rules: number;
  readonly events: number;
  /** Empty: all is well. */
  readonly problems: readonly string[];
}

/** One report a rule file: of the file named, or of all in the folder named. */
export function testRuleFiles(path: string): RuleFileReport[] {
  if (!statSync(path).isDirectory()) return [testRuleFile(path)];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter(isRuleFile)
    .sort()
    .map((name) => testRuleFile(join(path, name)));
}

function testRuleFile(file: string): RuleFileReport {
  const problems: string[] = [];
  try {
    const rules = parseRules(readFileSync(file, 'utf8'), file);
    for (const rule of rules) {
      const problem = checkRule(rule);
      if (problem) problems.push(problem.message);
    }
    const testFile = file.replace(YAML_FILE, (ending) => `.test${ending}`);
    const tests = existsSync(testFile) ? parseRuleTests(readFileSync(testFile, 'utf8'), testFile) : [];
    if (problems.length === 0) {
      for (const test of tests) {
        const outcome = runRuleTest(rules, test);
        if (outcome !== null) problems.push(`${testFile}: "${test.name}" ${outcome}`);
      }
    }
    return { file, rules: rules.length, events: tests.length, problems };
  } catch (error) {
    if (!(error instanceof SigmaError)) throw error;
    return { file, rules: 0, events: 0, problems: [...problems, error.message] };
  }
}
