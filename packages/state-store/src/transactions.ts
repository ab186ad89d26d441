/** Runs work as one transaction: as whom, for which tenant, and again when PostgreSQL asks for it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, sql, type Transaction } from 'kysely';
import { isConnectionLoss, PATIENCE_MS, type PatientPool } from './patient-pool.ts';
import { GROUPS_SETTING, ROLES, SETTING } from './roles.ts';
import { NotBegunError, readingDialect, scopedDialect } from './scoped-dialect.ts';
import type { TenantScope } from './store.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** Serialisation failure and deadlock: PostgreSQL undid the transaction and asks for it again. */
const TRY_AGAIN = new Set(['40001', '40P01']);
const MAX_ATTEMPTS = 6;
const BACK_OFF_MS = 10;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Checked because it becomes statement text, and said by name because it may come from outside. So are the groups. */
function scopeOf(scope: string | TenantScope): TenantScope {
  const whole: TenantScope = typeof scope === 'string' ? { tenantId: scope, deviceGroups: 'all' } : scope;
  if (!UUID.test(whole.tenantId)) throw new RangeError(`"${whole.tenantId}" is not a tenant id`);
  return whole;
}

function groupsOf(ids: readonly string[]): string {
  const wrong = ids.find((id) => !/^\d{1,9}$/.test(id));
  if (wrong !== undefined) throw new RangeError(`"${wrong}" is not the id of a device group`);
  return `{${ids.join(',')}}`;
}

type Work<DB, T> = (db: Transaction<DB>) => Promise<T>;

export class Transactions {
  readonly #pool: PatientPool;
  readonly #unit = new AsyncLocalStorage<UnitOfWork>();

  constructor(pool: PatientPool) {
    this.#pool = pool;
  }

  async asTenant<DB, T>(scope: string | TenantScope, work: Work<DB, T>): Promise<T> {
    const { tenantId, deviceGroups } = scopeOf(scope);
    const tenant = `set local ${SETTING} = '${tenantId}'`;
    if (deviceGroups === 'all') return this.#run([`set local role ${ROLES.tenant}`, tenant], work);
    return this.#run(
      [`set local role ${ROLES.scoped}`, tenant, `set local ${GROUPS_SETTING} = '${groupsOf(deviceGroups)}'`],
      work,
    );
  }

  /** See {@link StateStore.read}. Within a unit of work it sees what the unit did. */
  async reading<DB, T>(scope: string | TenantScope, work: (db: Kysely<DB>) => Promise<T>): Promise<T> {
    if (this.#unit.getStore()?.open) return this.asTenant(scope, work);
    const { tenantId, deviceGroups } = scopeOf(scope);
    const eyes =
      deviceGroups === 'all'
        ? { role: ROLES.tenant, tenantId, deviceGroups: '' }
        : { role: ROLES.scoped, tenantId, deviceGroups: groupsOf(deviceGroups) };
    return work(new Kysely<DB>({ dialect: readingDialect(this.#pool, eyes) }));
  }

  asSystem<DB, T>(work: Work<DB, T>): Promise<T> {
    return this.#run([`set local role ${ROLES.system}`, `set local ${SETTING} = ''`], work);
  }

  /** See {@link StateStore.together}. */
  async together<T>(work: () => Promise<T>, hear: (channel: string, payload: string) => void): Promise<T> {
    if (this.#unit.getStore()?.open) return work();
    let notices: UnitOfWork['notices'] = [];
    const whoever = [`set local role ${ROLES.system}`, `set local ${SETTING} = ''`];
    const done = await this.#run(whoever, (db) => {
      const unit = new UnitOfWork(db, whoever);
      notices = unit.notices;
      return unit.settle(this.#unit.run(unit, work));
    });
    for (const { channel, payload } of notices) hear(channel, payload);
    return done;
  }

  /** False: there is no unit of work, and nothing was sent. */
  async notifyTogether(channel: string, payload: string): Promise<boolean> {
    const unit = this.#unit.getStore();
    if (!unit?.open) return false;
    await unit.join(unit.settings, (level) =>
      sql`select pg_notify(${channel}, ${payload})`.execute(level.db).then(() => undefined),
    );
    unit.notices.push({ channel, payload });
    return true;
  }

  async #run<DB, T>(settings: readonly string[], work: Work<DB, T>): Promise<T> {
    const unit = this.#unit.getStore();
    if (unit?.open)
      return unit.join(settings, (level) =>
        this.#unit.run(level, () => work(level.db as unknown as Transaction<DB>)),
      );
    const begin = ['begin', ...settings].join('; ');
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
