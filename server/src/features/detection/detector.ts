/** Rules and indicators over rows: the part that costs time. Knows no store and no thread; `detection-worker.ts` runs it beside the server's main thread. */

import { isoToMs } from '@merlon/contract';
import { readRowBlock } from '@merlon/event-store/row-block';
import { checkRule, compileRules, parseRules, type RuleSet, SigmaError, type SigmaRule } from '@merlon/sigma';
import type { AlertCandidate } from '../alerts/index.ts';
import { IndicatorWatch, type WatchedIndicator } from '../indicators/index.ts';
import { candidateOf, type EventOrigin, mergeCandidates } from './findings.ts';
import { candidateOfIndicator } from './indicator-finding.ts';
import { Lineage } from './lineage.ts';
import { initiatingProcess, initiatingReference, type Row, subjectProcess, textOf } from './row-processes.ts';

/** The YAML of one or more rules. */
export interface RuleSource {
  readonly text: string;
  readonly file: string | null;
}

/** What a tenant changes about the builtin rules, and adds to them. */
export interface TenantRules {
  /** Builtin rules that do not run for it. */
  readonly without: readonly string[];
  readonly own: readonly RuleSource[];
}

export interface DeviceBatch extends EventOrigin {
  /** As the device reports it; empty: not known, so no rule is about it. */
  readonly osPlatform: string;
  /** Name of its device group; '' for none. */
  readonly machineGroup: string;
  readonly sections: readonly { readonly table: string; readonly block: Uint8Array }[];
}

export interface DetectionCounts {
  rows: number;
  matches: number;
  /** Sections that could not be read. */
  unreadable: number;
}

export interface Detected extends DetectionCounts {
  readonly candidates: readonly AlertCandidate[];
}

/** A rule that was asked to run and cannot. */
export interface UnusableRule {
  readonly file: string | null;
  readonly problem: string;
}

interface CompiledTenant {
  readonly without: ReadonlySet<string>;
  readonly own: RuleSet | null;
}

export class Detector {
  readonly #lineage = new Lineage();
  readonly #tenants = new Map<string, CompiledTenant>();
  readonly #watches = new Map<string, IndicatorWatch>();
  #builtin: RuleSet = compileRules([]);

  setBuiltin(sources: readonly RuleSource[]): UnusableRule[] {
    const { set, unusable } = compileUsable(sources);
    this.#builtin = set;
    return unusable;
  }

  setTenant(tenantId: string, { without, own }: TenantRules): UnusableRule[] {
    const { set, unusable } = compileUsable(own);
    this.#tenants.set(tenantId, { without: new Set(without), own: set.rules.length > 0 ? set : null });
    return unusable;
  }

  forgetTenant(tenantId: string): void {
    this.#tenants.delete(tenantId);
  }

  /** In place of those before. */
  setIndicators(tenantId: string, indicators: readonly WatchedIndicator[]): void {
    if (indicators.length === 0) this.#watches.delete(tenantId);
    else this.#watches.set(tenantId, new IndicatorWatch(indicators));
  }

  detect(batches: readonly DeviceBatch[]): Detected {
    const counts: DetectionCounts = { rows: 0, matches: 0, unreadable: 0 };
    const found: AlertCandidate[] = [];
    for (const batch of batches) {
      // First what the processes are, so that the tree is whole whatever the order of the sections.
      const sections = batch.sections.map(({ table, block }) => ({ table, rows: rowsOf(block, counts) }));
      for (const { table, rows } of sections) {
        if (table === 'DeviceProcessEvents') for (const row of rows) this.#learn(batch.deviceId, row);
      }
      for (const { table, rows } of sections) {
        counts.rows += rows.length;
        for (const row of rows) this.#matchRow(batch, table, row, counts, found);
      }
    }
    return { ...counts, candidates: mergeCandidates(found) };
  }

  #learn(deviceId: string, row: Row): void {
    const started = row.ActionType === 'ProcessCreated' ? subjectProcess(row) : null;
    if (!started) return;
    // Most have been told of already.
    const by = initiatingReference(row);
    const known = by === null || this.#lineage.use(deviceId, by);
    this.#lineage.add(deviceId, started, known ? null : initiatingProcess(row));
  }

  #matchRow(
    batch: DeviceBatch,
    table: string,
    row: Row,
    counts: DetectionCounts,
    found: AlertCandidate[],
  ): void {
    const tenant = this.#tenants.get(batch.tenantId);
    const take = (rule: SigmaRule) => {
      counts.matches += 1;
      found.push(candidateOf(rule, table, row, batch, this.#lineage));
    };
    for (const { rule } of this.#builtin.match(table, row, batch)) {
      if (!tenant?.without.has(rule.id)) take(rule);
    }
    if (tenant?.own) for (const { rule } of tenant.own.match(table, row, batch)) take(rule);
    const watch = this.#watches.get(batch.tenantId);
    if (!watch) return;
    for (const indicator of watch.match(row, batch.machineGroup, isoToMs(textOf(row, 'Timestamp') ?? ''))) {
      counts.matches += 1;
      found.push(candidateOfIndicator(indicator, table, row, batch, this.#lineage));
    }
  }
}

function rowsOf(block: Uint8Array, counts: DetectionCounts): readonly Row[] {
  try {
    return readRowBlock(block);
  } catch {
    counts.unreadable += 1;
    return [];
  }
}

/** One rule that cannot run, say after an upgrade, does not keep the others from running. */
function compileUsable(sources: readonly RuleSource[]): { set: RuleSet; unusable: UnusableRule[] } {
  const unusable: UnusableRule[] = [];
  const usable = sources.flatMap(({ text, file }) => {
    try {
      return parseRules(text, file).filter((rule) => {
        const problem = checkRule(rule);
        if (problem) unusable.push({ file, problem: problem.message });
        return problem === null;
      });
    } catch (error) {
      if (!(error instanceof SigmaError)) throw error;
      unusable.push({ file, problem: error.message });
      return [];
    }
  });
  return { set: compileRules(usable), unusable };
}
