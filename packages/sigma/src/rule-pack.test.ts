import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileRules, parseRules, parseRuleTests, runRuleTest, tacticsOf, techniquesOf } from './index.ts';

/** The pack that comes with Merlon. */
const root = fileURLToPath(new URL('../../../rules/', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yml') && !name.endsWith('.test.yml'))
  .sort();
const read = (name: string) => parseRules(readFileSync(root + name, 'utf8'), name);

describe.each(files)('rules/%s', (name) => {
  const rules = read(name);
  const testFile = name.replace(/\.yml$/, '.test.yml');

  it('says all that an alert needs', () => {
    expect(rules).toHaveLength(1);
    for (const rule of rules) {
      expect(techniquesOf(rule.tags)).not.toEqual([]);
      expect(tacticsOf(rule.tags)).not.toEqual([]);
      expect(rule.falsePositives).not.toEqual([]);
      expect(rule.description).not.toBe('');
      expect(rule.recommendedAction).toBeTruthy();
      expect(name.startsWith(`${rule.logSource.product}/`)).toBe(true);
    }
  });

  it('has test events', () => {
    expect(existsSync(root + testFile)).toBe(true);
  });

  for (const test of existsSync(root + testFile)
    ? parseRuleTests(readFileSync(root + testFile, 'utf8'), testFile)
    : []) {
    it(`${test.expected}: ${test.name}`, () => {
      expect(runRuleTest(rules, test)).toBeNull();
    });
  }
});

describe('the pack', () => {
  it('compiles together, every rule under its own id and title within its system', () => {
    const all = files.flatMap(read);
    compileRules(all);
    expect(new Set(all.map((rule) => rule.id)).size).toBe(all.length);
    expect(new Set(all.map((rule) => `${rule.logSource.product} ${rule.title}`)).size).toBe(all.length);
  });
});
