/** How alerts and automated investigations find each other: which alerts nobody has looked at, and what is shown of the investigation they belong to. */
import type { InvestigationState } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { sql } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import { beginChange } from './change-time.ts';
import type { AlertsDb } from './database.ts';
import { type FullAlert, fullAlert, selectFullAlerts } from './full-alert.ts';

export interface UntriagedAlert {
  readonly tenantId: string;
  readonly id: string;
  readonly machineId: string;
  readonly machineName: string;
}

export interface ShownInvestigation {
  readonly id: number;
  readonly state: InvestigationState;
}

export type InvestigationLink = ReturnType<typeof investigationLink>;

export function investigationLink(state: StateStore, clock: Clock) {
  return {
    /** Across tenants: alerts for which nothing has decided whether to investigate them, oldest first. */
    untriaged: (limit: number): Promise<UntriagedAlert[]> =>
      state.system<AlertsDb, UntriagedAlert[]>((db) =>
        db
          .selectFrom('alerts')
          .select(['tenant_id as tenantId', 'id', 'machine_id as machineId', 'machine_name as machineName'])
          .where('untriaged', '=', true)
          .orderBy('created_at')
          .orderBy('id')
          .limit(limit)
          .execute(),
      ),

    /** Decides on those of them that nothing decided on before, and answers which: an alert is taken once. Null: they are not investigated. */
    triage: (
      tenantId: string,
      ids: readonly string[],
      decide: (fresh: readonly string[]) => Promise<ShownInvestigation | null>,
    ): Promise<void> =>
      // One transaction of this and of what `decide` does.
      state.together(() =>
        state.tenant<AlertsDb, void>(tenantId, async (db) => {
          const at = await beginChange(db, tenantId, clock);
          const fresh = await db
            .updateTable('alerts')
            .set({ untriaged: false })
            .where(sql<boolean>`id = any(${ids}::text[])`)
            .where('untriaged', '=', true)
            .returning('id')
            .execute();
          if (fresh.length === 0) return;
          const taken = fresh.map(({ id }) => id);
          const shown = await decide(taken);
          if (!shown) return;
          await db
            .updateTable('alerts')
            .set({ investigation: shown.id, investigation_state: shown.state, updated_at: at })
            .where(sql<boolean>`id = any(${taken}::text[])`)
            .execute();
        }),
      ),

    /** The investigation of these alerts stands otherwise now. */
    show: (tenantId: string, { id, state: shown }: ShownInvestigation): Promise<void> =>
      state.tenant<AlertsDb, void>(tenantId, async (db) => {
        const at = await beginChange(db, tenantId, clock);
        await db
          .updateTable('alerts')
          .set({ investigation_state: shown, updated_at: at })
          .where('investigation', '=', String(id))
          .where(sql<boolean>`investigation_state is distinct from ${shown}`)
          .execute();
      }),

    /** With their evidence: those of an investigation, or the open ones of a device, newest first. */
    about: (
      tenantId: string,
      subject: { readonly investigation: number } | { readonly machineId: string },
      limit: number,
    ): Promise<FullAlert[]> =>
      state.read<AlertsDb, FullAlert[]>(tenantId, async (db) => {
        const rows = selectFullAlerts(db, true).orderBy('created_at', 'desc').limit(limit);
        const found =
          'investigation' in subject
            ? rows.where('investigation', '=', String(subject.investigation))
            : rows.where('machine_id', '=', subject.machineId).where('status', '<>', 'Resolved');
        return (await found.execute()).map(fullAlert);
      }),
  };
}
