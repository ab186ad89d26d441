/** Rules compiled together: a program for each system, table and kind of event, so that an event meets only rules that are about it. */
import { type Os, systems } from './field-map.ts';
import type { EventRow } from './field-reader.ts';
import { osOfPlatform, resolveLogSource } from './log-source.ts';
import type { RuleMatch } from './match.ts';
import { compileProgram, type TargetedRule } from './program.ts';
import { ProgramRunner } from './program-runner.ts';
import type { SigmaRule } from './rule.ts';
import { SigmaError } from './sigma-error.ts';

export interface MatchContext {
  /** The device's platform as it reports it: `Linux`, `Windows11`, `macOS`. On others no rule matches. */
  readonly osPlatform: string;
}

export interface RuleSet {
  readonly rules: readonly SigmaRule[];
  /** Rules that hold for one event. `row`: column -> value, as in the hunting table. Never throws. */
  match(table: string, row: EventRow, context: MatchContext): readonly RuleMatch[];
}

const NONE: readonly RuleMatch[] = [];
/** Platforms are few; but devices say them, so what is remembered is bounded. */
const MAX_PLATFORMS = 1_000;

/** @throws SigmaError of the first rule that cannot be run. */
export function compileRules(rules: readonly SigmaRule[]): RuleSet {
  const targeted = rules.map((rule) => ({ rule, target: resolveLogSource(rule) }));
  const programs = new Map(systems.map((os) => [os, compileSystem(targeted, os)]));
  const osOf = new Map<string, Os | null>();
  return {
    rules,
    match(table, row, { osPlatform }) {
      let os = osOf.get(osPlatform);
      if (os === undefined) {
        os = osOfPlatform(osPlatform);
        if (osOf.size < MAX_PLATFORMS) osOf.set(osPlatform, os);
      }
      const kinds = os === null ? undefined : programs.get(os)?.get(table);
      if (kinds === undefined) return NONE;
      const runner =
        kinds.byAction.get(typeof row.ActionType === 'string' ? row.ActionType : '') ?? kinds.other;
      return runner?.match(row) ?? NONE;
    },
  };
}

/** What stands in the way of running the rule; null: nothing. */
export function checkRule(rule: SigmaRule): SigmaError | null {
  try {
    compileRules([rule]);
    return null;
  } catch (error) {
    if (error instanceof SigmaError) return error;
    throw error;
  }
}

interface Kinds {
  readonly byAction: ReadonlyMap<string, ProgramRunner>;
  /** For kinds of event that no rule names. */
  readonly other: ProgramRunner | null;
}

function compileSystem(all: readonly TargetedRule[], os: Os): ReadonlyMap<string, Kinds> {
  const byTable = new Map<string, TargetedRule[]>();
  for (const one of all) {
    if (!one.target.systems.includes(os)) continue;
    const { name } = one.target.table;
    byTable.set(name, [...(byTable.get(name) ?? []), one]);
  }
  return new Map([...byTable].map(([name, rules]) => [name, compileKinds(rules, os)]));
}

function compileKinds(rules: readonly TargetedRule[], os: Os): Kinds {
  // Kinds met by the same rules share one program.
  const shared = new Map<string, ProgramRunner>();
  const runnerFor = (chosen: readonly TargetedRule[]): ProgramRunner | null => {
    const [first] = chosen;
    if (first === undefined) return null;
    const key = chosen.map((one) => rules.indexOf(one)).join();
    const runner = shared.get(key) ?? new ProgramRunner(compileProgram(first.target.table, chosen, os));
    shared.set(key, runner);
    return runner;
  };
  const byAction = new Map<string, ProgramRunner>();
  for (const action of new Set(rules.flatMap(({ target }) => target.actions ?? []))) {
    const runner = runnerFor(rules.filter(({ target }) => target.actions?.includes(action) ?? true));
    if (runner) byAction.set(action, runner);
  }
  return { byAction, other: runnerFor(rules.filter(({ target }) => target.actions === null)) };
}
