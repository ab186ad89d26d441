/** Runs work as one transaction: as whom, for which tenant, and again when PostgreSQL asks for it. */
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, type Transaction } from 'kysely';
import { isConnectionLoss, PATIENCE_MS, type PatientPool } from './patient-pool.ts';
import { GROUPS_SETTING, ROLES, SETTING } from './roles.ts';
import { NotBegunError, scopedDialect } from './scoped-dialect.ts';
import type { TenantScope } from './store.ts';

/** Serialisation failure and deadlock: PostgreSQL undid the transaction and asks for it again. */
const TRY_AGAIN = new Set(['40001', '40P01']);
const MAX_ATTEMPTS = 6;
const BACK_OFF_MS = 10;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function groupId(id: string): string {
  if (!/^\d{1,9}$/.test(id)) throw new RangeError(`"${id}" is not the id of a device group`);
  return id;
}

type Work<DB, T> = (db: Transaction<DB>) => Promise<T>;

export class Transactions {
  readonly #pool: PatientPool;

  constructor(pool: PatientPool) {
    this.#pool = pool;
  }

  async asTenant<DB, T>(scope: string | TenantScope, work: Work<DB, T>): Promise<T> {
    const { tenantId, deviceGroups } =
      typeof scope === 'string' ? ({ tenantId: scope, deviceGroups: 'all' } as const) : scope;
    // Checked because they become statement text, and said by name because they may come from outside.
    if (!UUID.test(tenantId)) throw new RangeError(`"${tenantId}" is not a tenant id`);
    const tenant = `set local ${SETTING} = '${tenantId}'`;
    if (deviceGroups === 'all') return this.#run(`begin; set local role ${ROLES.tenant}; ${tenant}`, work);
    const groups = `{${deviceGroups.map(groupId).join(',')}}`;
    return this.#run(
      `begin; set local role ${ROLES.scoped}; ${tenant}; set local ${GROUPS_SETTING} = '${groups}'`,
      work,
    );
  }

  asSystem<DB, T>(work: Work<DB, T>): Promise<T> {
    return this.#run(`begin; set local role ${ROLES.system}; set local ${SETTING} = ''`, work);
  }

  async #run<DB, T>(begin: string, work: Work<DB, T>): Promise<T> {
    const db = new Kysely<DB>({ dialect: scopedDialect(this.#pool, begin) });
    const deadline = Date.now() + PATIENCE_MS;
    for (let attempt = 1; ; ) {
      try {
        return await db.transaction().execute(work);
      } catch (error) {
        if (error instanceof NotBegunError) {
          // The connection had died since it was last used: take another.
          if (isConnectionLoss(error.cause) && Date.now() < deadline) continue;
          throw error.cause;
        }
        if (attempt === MAX_ATTEMPTS || !TRY_AGAIN.has((error as { code?: string }).code ?? '')) throw error;
        // At random, so that two that met do not meet again.
        await delay(Math.random() * BACK_OFF_MS * 2 ** attempt++);
      }
    }
  }
}
