/** Which rules run for which tenant: the builtin ones it has not switched off, and its own. */
import { ApiError } from '@merlon/contract';
import { checkRule, parseRules, SigmaError, type SigmaRule, techniquesOf } from '@merlon/sigma';
import type { StateStore } from '@merlon/state-store';
import type { Clock } from '../../telemetry/clock.ts';
import type { RuleSource } from './detector.ts';
import type { DetectorThread } from './detector-thread.ts';
import {
  type DetectionStore,
  type DetectionTransaction,
  type StoredRule,
  TooManyRulesError,
} from './store.ts';

export interface DetectionRule {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly level: string;
  readonly techniques: readonly string[];
  readonly product: string | null;
  readonly category: string | null;
  readonly origin: 'builtin' | 'own';
  readonly enabled: boolean;
  readonly file: string | null;
}

export interface RuleChange {
  readonly by: string;
  /** Runs in the transaction of the change, with the ids of the rules changed: the audit record. */
  readonly record: (db: DetectionTransaction, ids: readonly string[]) => Promise<void>;
}

export interface RuleBook {
  /** Builtin and own, by title. A rule of the tenant's own stands for a builtin one of the same id. */
  list(tenantId: string): Promise<DetectionRule[]>;
  /** The rule and its YAML; null: there is none. */
  find(tenantId: string, id: string): Promise<{ rule: DetectionRule; source: string } | null>;
  /** Adds the rules of a text, or replaces those of the same id. Throws ApiError `InvalidInput` that names what is wrong and where. */
  importRules(
    tenantId: string,
    text: string,
    file: string | null,
    change: RuleChange,
  ): Promise<DetectionRule[]>;
  /** Throws ApiError `ResourceNotFound`. */
  setEnabled(tenantId: string, id: string, enabled: boolean, change: RuleChange): Promise<void>;
  /** Own rules only. Throws ApiError `ResourceNotFound`. */
  remove(tenantId: string, id: string, change: RuleChange): Promise<void>;
  /** Resolves once the detector has the tenant's rules as they are now. */
  ready(tenantId: string): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const CHANNEL = 'detection_rules';
const MAX_OWN_RULES = 2_000;
const MAX_SOURCE = 65_536;
/** Tenants whose rules the detector holds at once. */
const MAX_TENANTS = 1_000;
/** Word of a change may be missed; after this long the rules are read again all the same. */
const REFRESH_MS = 60_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function createRuleBook(deps: {
  store: DetectionStore;
  state: Pick<StateStore, 'listen' | 'notify'>;
  detector: Pick<DetectorThread, 'setBuiltin' | 'setTenant' | 'forgetTenant'>;
  builtin: readonly RuleSource[];
  clock: Clock;
}): RuleBook {
  const builtin = new Map(
    deps.builtin.flatMap(({ text, file }) => parseRules(text, file)).map((rule) => [rule.id, rule]),
  );
  /** Tenant -> what the detector was given and when, in order of use. */
  const given = new Map<string, { version: string; at: number }>();
  let stopListening: () => Promise<void> = async () => {};

  const changed = async (tenantId: string) => {
    stale(tenantId);
    await deps.state.notify(CHANNEL, tenantId);
  };
  const stale = (tenantId: string) => {
    const entry = given.get(tenantId);
    if (entry) entry.at = Number.NEGATIVE_INFINITY;
  };

  const all = async (
    tenantId: string,
  ): Promise<{ rule: SigmaRule; origin: 'builtin' | 'own'; enabled: boolean }[]> => {
    const { own, off } = await deps.store.read(tenantId);
    const rules = new Map(
      [...builtin].map(([id, rule]) => [id, { rule, origin: 'builtin' as 'builtin' | 'own' }]),
    );
    for (const { source, file } of own) {
      for (const rule of parseRules(source, file)) rules.set(rule.id, { rule, origin: 'own' });
    }
    return [...rules.values()]
      .map((entry) => ({ ...entry, enabled: !off.includes(entry.rule.id) }))
      .sort((a, b) => a.rule.title.localeCompare(b.rule.title, 'en'));
  };

  return {
    async list(tenantId) {
      return (await all(tenantId)).map(summary);
    },

    async find(tenantId, id) {
      const found = (await all(tenantId)).find(({ rule }) => rule.id === id.toLowerCase());
      return found ? { rule: summary(found), source: found.rule.source } : null;
    },

    async importRules(tenantId, text, file, change) {
      const rules = readRules(text, file);
      const at = deps.clock.now();
      const rows = rules.map(
        (rule): StoredRule => ({
          id: rule.id,
          title: rule.title,
          level: rule.level,
          file,
          source: rule.source,
          imported_by: change.by,
          imported_at: at,
        }),
      );
      try {
        await deps.store.save(tenantId, rows, MAX_OWN_RULES, (db) =>
          change.record(
            db,
            rows.map((row) => row.id),
          ),
        );
      } catch (error) {
        if (!(error instanceof TooManyRulesError)) throw error;
        throw new ApiError('InvalidInput', `A tenant has at most ${MAX_OWN_RULES} rules of its own.`);
      }
      await changed(tenantId);
      const ids = new Set(rules.map((rule) => rule.id));
      return (await all(tenantId)).filter(({ rule }) => ids.has(rule.id)).map(summary);
    },

    async setEnabled(tenantId, id, enabled, { by, record }) {
      const ruleId = id.toLowerCase();
      const { own } = await deps.store.read(tenantId);
      if (!builtin.has(ruleId) && !own.some((rule) => rule.id === ruleId)) throw notFound(id);
      await deps.store.switchRule(tenantId, ruleId, enabled, by, deps.clock.now(), (db) =>
        record(db, [ruleId]),
      );
      await changed(tenantId);
    },

    async remove(tenantId, id, { record }) {
      const ruleId = id.toLowerCase();
      if (!UUID.test(ruleId) || !(await deps.store.remove(tenantId, ruleId, (db) => record(db, [ruleId]))))
        throw notFound(id);
      await changed(tenantId);
    },

    async ready(tenantId) {
      const now = deps.clock.now().getTime();
      const entry = given.get(tenantId);
      if (entry && now - entry.at < REFRESH_MS) return;
      const { own, off } = await deps.store.read(tenantId);
      const running = own.filter((rule) => !off.includes(rule.id));
      const rules = {
        without: [...off, ...own.map((rule) => rule.id)],
        own: running.map(({ source, file, id }) => ({ text: source, file: file ?? id })),
      };
      const version = JSON.stringify(rules);
      if (entry?.version !== version) deps.detector.setTenant(tenantId, rules);
      given.delete(tenantId);
      given.set(tenantId, { version, at: now });
      if (given.size > MAX_TENANTS) {
        const [oldest] = given.keys();
        if (oldest !== undefined && given.delete(oldest)) deps.detector.forgetTenant(oldest);
      }
    },

    async start() {
      deps.detector.setBuiltin(deps.builtin);
      stopListening = await deps.state.listen(CHANNEL, stale);
    },
    stop: () => stopListening(),
  };
}

function readRules(text: string, file: string | null): SigmaRule[] {
  let rules: SigmaRule[];
  try {
    rules = parseRules(text, file);
    for (const rule of rules) {
      const problem = checkRule(rule);
      if (problem) throw problem;
    }
  } catch (error) {
    if (!(error instanceof SigmaError)) throw error;
    throw new ApiError('InvalidInput', error.message);
  }
  if (rules.length === 0) throw new ApiError('InvalidInput', 'The text holds no rule.');
  const ids = new Set<string>();
  for (const { id, title, source } of rules) {
    if (ids.has(id)) throw new ApiError('InvalidInput', `Two rules have the id ${id}.`);
    ids.add(id);
    if (source.length > MAX_SOURCE)
      throw new ApiError('InvalidInput', `The rule "${title}" is longer than ${MAX_SOURCE} characters.`);
    // PostgreSQL keeps no such character.
    if (source.includes('\0'))
      throw new ApiError('InvalidInput', `The rule "${title}" holds a character U+0000.`);
  }
  return rules;
}

function summary({
  rule,
  origin,
  enabled,
}: {
  rule: SigmaRule;
  origin: 'builtin' | 'own';
  enabled: boolean;
}): DetectionRule {
  return {
    id: rule.id,
    title: rule.title,
    description: rule.description,
    level: rule.level,
    techniques: techniquesOf(rule.tags),
    product: rule.logSource.product,
    category: rule.logSource.category,
    origin,
    enabled,
    file: rule.file,
  };
}

function notFound(id: string): ApiError {
  return new ApiError('ResourceNotFound', `There is no detection rule ${id}.`);
}
