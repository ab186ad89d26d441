/** The tables of hunting. */
import type { ColumnType, Generated, Transaction } from 'kysely';
import type { HuntingInterface } from './limits.ts';
import type { Meter } from './quota.ts';

type TenantId = ColumnType<string, string | undefined, never>;
/** PostgreSQL's bigint arrives as text. */
type Big = ColumnType<string, number, number>;

export type QueryState = 'Completed' | 'Failed' | 'Throttled' | 'Cancelled';
export type ResourceUsage = 'Low' | 'Medium' | 'High';

export interface HuntingDatabase {
  hunting_usage: {
    tenant_id: TenantId;
    meter: Meter['name'];
    subject: string;
    window_ms: number;
    starts_at: Date;
    calls: number;
    run_ms: Big;
  };
  hunting_history: {
    tenant_id: TenantId;
    id: Generated<string>;
    time: Date;
    interface: HuntingInterface;
    actor_kind: 'application' | 'user';
    actor_id: string;
    actor_name: string;
    app_id: string;
    query: string;
    state: QueryState;
    reason: string | null;
    resource_usage: ResourceUsage;
    run_ms: Big;
    total_ms: Big;
    result_rows: Big;
    result_bytes: Big;
    rows_read: Big;
    peak_memory_bytes: Big;
    tables: readonly string[];
  };
  hunting_folders: {
    tenant_id: TenantId;
    id: Generated<string>;
    name: string;
    shared: boolean;
    owner_id: string;
    owner_name: string;
    created_at: Date;
    updated_at: Date;
  };
  hunting_saved_queries: {
    tenant_id: TenantId;
    id: Generated<string>;
    folder_id: string | null;
    name: string;
    description: string;
    query: string;
    shared: boolean;
    owner_id: string;
    owner_name: string;
    changed_by: string;
    created_at: Date;
    updated_at: Date;
  };
}

export type HuntingTransaction = Transaction<HuntingDatabase>;
