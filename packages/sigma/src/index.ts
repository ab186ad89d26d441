export { type AttackTactic, attackTactics, tacticsOf, techniquesOf } from './attack-tags.ts';
export type { EventRow } from './field-reader.ts';
export type { MatchedField, MatchedSelection, RuleMatch } from './match.ts';
export { parseRules } from './parse-rule.ts';
export { type LogSource, type RuleLevel, type RuleStatus, ruleLevels, type SigmaRule } from './rule.ts';
export { checkRule, compileRules, type MatchContext, type RuleSet } from './rule-set.ts';
export { parseRuleTests, type RuleTest, runRuleTest } from './rule-test.ts';
export { SigmaError, type SigmaErrorKind, type SigmaErrorPlace } from './sigma-error.ts';
