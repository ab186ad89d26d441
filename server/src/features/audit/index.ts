/** The audit trail: who did or tried what, to what, when, from where, and how it ended. */
import { AsyncResource } from 'node:async_hooks';
import { join } from 'node:path';
import type { StateStore } from '@merlon/state-store';
import type { Transaction } from 'kysely';
import type { Feature } from '../../feature.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { auditAdmin } from './admin.ts';
import { type ChainHeads, openChainHeads } from './chain-heads.ts';
import { exportChain } from './export.ts';
import { auditRoutes } from './routes.ts';
import { createSealer } from './sealer.ts';
import { createAuditTrail } from './store.ts';
import { type AuditChain, verifyChain } from './verify.ts';

export { auditMigrations } from './migrations.ts';

export interface AuditActor {
  /** `administrator`: whoever may open the admin socket on this machine. `system`: the platform itself. */
  readonly kind: 'application' | 'user' | 'device' | 'administrator' | 'system';
  readonly id: string;
  readonly name: string;
}

/** Whoever may open the admin socket on this machine. */
export const LOCAL_ADMINISTRATOR: AuditActor = {
  kind: 'administrator',
  id: 'local',
  name: 'local administrator',
};

export interface AuditEntry {
  readonly tenantId: string;
  readonly actor: AuditActor;
  /** Client id of the program through which a person acts; absent for others. */
  readonly appId?: string;
  /** Event name, `<thing>.<verb>` in the past tense or imperative, as the route's `audit`: `machine.isolate`. */
  readonly action: string;
  readonly target?: { readonly kind: string; readonly id: string };
  /** `refused`: not allowed or not acceptable. `failed`: allowed, but it did not come about. */
  readonly outcome: 'success' | 'refused' | 'failed';
  /** Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly sourceIp?: string;
  readonly correlationId?: string;
}

export interface Audit {
  /** With `db`, inside that transaction, so the change and its record stand or fall together. */
  // biome-ignore lint/suspicious/noExplicitAny: any feature's transaction will do; only its connection is used
  record(entry: AuditEntry, db?: Transaction<any>): Promise<void>;
}

export interface AuditFeature extends Feature, Audit {}

/** `tenantOf`: id of a tenant by name, or of the default one. Asked when needed, since identity is made after the trail it writes to. */
export function createAudit(deps: {
  state: StateStore;
  clock: Clock;
  log: Logger;
  /** Folder of the file that holds the heads of the chains. */
  home: string;
  tenantOf(nameOrId: string | undefined): Promise<string>;
}): AuditFeature {
  const { state, log, tenantOf } = deps;
  let opened: Promise<ChainHeads> | null = null;
  const heads = () => {
    opened ??= openChainHeads(join(deps.home, 'audit-heads.json'));
    return opened;
  };
  const sealer = createSealer({ state, heads, log });
  const trail = createAuditTrail({
    state,
    clock: deps.clock,
    // Sealing is nobody's request: it must not become a part of the unit of work in which a record was written.
    onRecord: AsyncResource.bind(() => sealer.soon()),
  });
  const chain: AuditChain = {
    async verify(tenantId) {
      await sealer.sealAll();
      return verifyChain(state, tenantId, (await heads()).of(tenantId));
    },
    async *records(tenantId, after) {
      await sealer.sealAll();
      yield* exportChain(state, tenantId, after);
    },
  };
  return {
    name: 'audit',
    routes: auditRoutes(trail, chain),
    admin: auditAdmin(trail, chain, tenantOf),
    record: trail.record,
    async start() {
      await heads();
      sealer.start();
    },
    stop: () => sealer.stop(),
  };
}
