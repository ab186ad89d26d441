/** How alerts and automated investigations find each other: which alerts nothing has looked at, and what is shown of the investigation they belong to. */
import { type InvestigationState, nowIso7 } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { sql } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import { beginChange } from './change-time.ts';
import type { AlertsDb, AlertTransaction } from './database.ts';
import { type FullAlert, fullAlert, selectFullAlerts } from './full-alert.ts';

export interface UntriagedAlert {
  readonly tenantId: string;
  readonly id: string;
  readonly machineId: string;
  readonly machineName: string;
  /** Whether it names anything that can be looked at. */
  readonly namesEntities: boolean;
}

/** `id` null: none was begun, and `state` says why. */
export interface ShownInvestigation {
  readonly id: number | null;
  readonly state: InvestigationState;
}

export interface AlertEventRef {
  readonly table: string;
  readonly reportId: number;
  /** ISO time. */
  readonly timestamp: string;
}

export type InvestigationLink = ReturnType<typeof investigationLink>;

export function investigationLink(state: StateStore, clock: Clock) {
  /** One transaction of a change of alerts and of what `work` does. The tenant's lock comes first, so that no two wait for each other. */
  const changing = (tenantId: string, work: (db: AlertTransaction, at: Date) => Promise<void>) =>
    state.together(() =>
      state.tenant<AlertsDb, void>(tenantId, async (db) => work(db, await beginChange(db, tenantId, clock))),
    );

  return {
    /** Across tenants: alerts for which nothing has decided whether to investigate them, oldest first. */
    untriaged: (limit: number): Promise<UntriagedAlert[]> =>
      state.system<AlertsDb, UntriagedAlert[]>((db) =>
        db
          .selectFrom('alerts')
          .select([
            'tenant_id as tenantId',
            'id',
            'machine_id as machineId',
            'machine_name as machineName',
            sql<boolean>`exists (select 1 from alert_evidence e where e.tenant_id = alerts.tenant_id and e.alert_id = alerts.id
              and e.entity ->> 'entityType' <> 'Registry')`.as('namesEntities'),
          ])
          .where('untriaged', '=', true)
          .orderBy('created_at')
          .orderBy('id')
          .limit(limit)
          .execute(),
      ),

    /** Decides on those of them that nothing decided on before: an alert is taken once. Null: nothing is shown on them. */
    triage: (
      tenantId: string,
      ids: readonly string[],
      decide: (fresh: readonly string[]) => Promise<ShownInvestigation | null>,
    ): Promise<void> =>
      changing(tenantId, async (db, at) => {
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

    /** Changes investigations by `work`, and shows on their alerts how the one it answers stands. Null: nothing changed. */
    change: (
      tenantId: string,
      work: () => Promise<{ readonly id: number; readonly state: InvestigationState } | null>,
    ): Promise<void> =>
      changing(tenantId, async (db, at) => {
        const shown = await work();
        if (!shown) return;
        await db
          .updateTable('alerts')
          .set({ investigation_state: shown.state, updated_at: at })
          .where('investigation', '=', String(shown.id))
          .where(sql<boolean>`investigation_state is distinct from ${shown.state}`)
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

    /** The events that gave these alerts away, newest first. */
    eventsOf: (tenantId: string, ids: readonly string[], limit: number): Promise<AlertEventRef[]> =>
      state.read<AlertsDb, AlertEventRef[]>(tenantId, async (db) => {
        const rows = await db
          .selectFrom('alert_events')
          .select(['table_name', 'report_id', 'at'])
          .where(sql<boolean>`alert_id = any(${ids}::text[])`)
          .orderBy('at', 'desc')
          .limit(limit)
          .execute();
        return rows.map(({ table_name, report_id, at }) => ({
          table: table_name,
          reportId: Number(report_id),
          timestamp: nowIso7(at),
        }));
      }),
  };
}
