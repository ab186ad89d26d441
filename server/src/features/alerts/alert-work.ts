/** What every address of alerts does: read, change, and say whose they are. */
import { ApiError } from '@merlon/contract';
import type { Caller, RouteRequest } from '../../http/route.ts';
import type { SqlPage } from '../../odata/page.ts';
import type { Devices } from '../devices/index.ts';
import type { FullAlert } from './full-alert.ts';
import type { Machines } from './incident-entity.ts';
import type { AlertChange, AlertSubject, AlertsStore } from './store.ts';

export type AlertWork = ReturnType<typeof alertWork>;
type ChangeRequest = Pick<RouteRequest<unknown, unknown, unknown, Caller>, 'caller' | 'audit' | 'body'>;

export function alertWork(deps: {
  store: AlertsStore;
  devices: Pick<Devices, 'machines'>;
  /** The device's alerts changed in a way that may change its risk. */
  reassess(tenantId: string, machineId: string): Promise<void>;
}) {
  const { store } = deps;
  return {
    machinesOf: (caller: Caller, alerts: readonly FullAlert[]): Promise<Machines> =>
      deps.devices.machines(caller, [...new Set(alerts.map(({ alert }) => alert.machine_id))]),

    list: (caller: Caller, page: SqlPage, about: AlertSubject | null, withEvidence: boolean) =>
      store.list(caller, page, about, withEvidence),

    /** @throws ResourceNotFound */
    async get(caller: Caller, id: string): Promise<FullAlert> {
      const alert = await store.find(caller, id);
      if (!alert) throw notFound(id);
      return alert;
    },

    /** @throws ResourceNotFound; Forbidden: it is about a device that the caller may not act on */
    async update(request: ChangeRequest, id: string, change: AlertChange): Promise<FullAlert> {
      request.audit.target('alert', id);
      request.audit.details({ ...(request.body as object) });
      const [alert] = await applied(request, [id], change);
      if (!alert) throw notFound(id);
      return alert;
    },

    /** All of them or none. @throws as update, naming the first that cannot be changed */
    async updateAll(request: ChangeRequest, ids: readonly string[], change: AlertChange): Promise<void> {
      for (const id of ids) request.audit.target('alert', id);
      request.audit.details({ ...(request.body as object) });
      await applied(request, ids, change);
    },
  };

  async function applied(
    { caller, audit }: ChangeRequest,
    ids: readonly string[],
    change: AlertChange,
  ): Promise<readonly FullAlert[]> {
    const outcome = await store.update(caller, ids, change, caller.name, (db) => audit.recordIn(db));
    if ('missing' in outcome) {
      if (await store.exists(caller.tenantId, outcome.missing))
        throw new ApiError(
          'Forbidden',
          `Alert ${outcome.missing} is about a device that you may not act on.`,
        );
      throw notFound(outcome.missing);
    }
    if (change.status !== undefined)
      for (const device of new Set(outcome.alerts.map(({ alert }) => alert.machine_id)))
        await deps.reassess(caller.tenantId, device);
    return outcome.alerts;
  }
}

function notFound(id: string): ApiError {
  return new ApiError('ResourceNotFound', `Alert ${id} was not found.`);
}
