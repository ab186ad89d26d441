/** An alert together with what belongs to it, read by one statement. */
import type { AlertEvidence } from '@merlon/contract';
import { type Kysely, sql } from 'kysely';
import type { AlertRow, AlertsDb, CommentRow } from './database.ts';

export interface FullAlert {
  readonly alert: AlertRow;
  /** Name of the group that the alert's device is in now; null in a tenant without device groups. */
  readonly deviceGroup: string | null;
  readonly comments: readonly CommentRow[];
  readonly evidence: readonly AlertEvidence[];
}

type Part = Pick<FullAlert, 'deviceGroup' | 'evidence'> & {
  /** Times in the text of JSON. */
  readonly comments: readonly (Omit<CommentRow, 'created_at'> & { readonly created_at: string })[];
};

const deviceGroup = sql<
  string | null
>`(select g.name from devices d join device_groups g on g.tenant_id = d.tenant_id and g.id = d.rbac_group_id
  where d.tenant_id = alerts.tenant_id and d.id = alerts.machine_id)`.as('deviceGroup');
const comments = sql<
  Part['comments']
>`(select coalesce(json_agg(json_build_object('comment', c.comment, 'created_by', c.created_by, 'created_at', c.created_at) order by c.ordinal), '[]')
  from alert_comments c where c.tenant_id = alerts.tenant_id and c.alert_id = alerts.id)`.as('comments');
const evidence = sql<
  AlertEvidence[]
>`(select coalesce(json_agg(e.entity order by e.ordinal), '[]') from alert_evidence e where e.tenant_id = alerts.tenant_id and e.alert_id = alerts.id)`.as(
  'evidence',
);
const noEvidence = sql<AlertEvidence[]>`'[]'::json`.as('evidence');

/** What {@link fullAlert} is made of. */
export function selectFullAlerts(db: Kysely<AlertsDb>, withEvidence: boolean) {
  return db
    .selectFrom('alerts')
    .selectAll('alerts')
    .select([deviceGroup, comments, withEvidence ? evidence : noEvidence]);
}

export function fullAlert({ deviceGroup, comments, evidence, ...alert }: AlertRow & Part): FullAlert {
  return {
    alert,
    deviceGroup,
    comments: comments.map((comment) => ({ ...comment, created_at: new Date(comment.created_at) })),
    evidence,
  };
}
