/** What both addresses of incidents do: read, change, and say whose they are. */
import { ApiError } from '@merlon/contract';
import type { Caller, RouteRequest } from '../../http/route.ts';
import type { SqlPage } from '../../odata/page.ts';
import type { Devices } from '../devices/index.ts';
import type { Machines } from './incident-entity.ts';
import type { FullIncident, IncidentChange, IncidentsStore } from './incident-store.ts';

export type IncidentWork = ReturnType<typeof incidentWork>;

export function incidentWork(deps: {
  store: IncidentsStore;
  devices: Pick<Devices, 'machines'>;
  /** The device's alerts changed in a way that may change its risk. */
  reassess(tenantId: string, machineId: string): Promise<void>;
}) {
  const machinesOf = (caller: Caller, incidents: readonly FullIncident[]): Promise<Machines> =>
    deps.devices.machines(caller, [
      ...new Set(incidents.flatMap(({ alerts }) => alerts.map(({ alert }) => alert.machine_id))),
    ]);
  return {
    machinesOf,
    list: (caller: Caller, page: SqlPage, withAlerts: boolean) => deps.store.list(caller, page, withAlerts),

    /** @throws ResourceNotFound */
    async get(caller: Caller, id: number): Promise<FullIncident> {
      const incident = await deps.store.find(caller, id);
      if (!incident) throw notFound(id);
      return incident;
    },

    /** @throws ResourceNotFound; Forbidden: the caller sees none of its alerts; Conflict: it became part of another */
    async update(
      request: Pick<RouteRequest<unknown, unknown, unknown, Caller>, 'caller' | 'audit' | 'body'>,
      id: number,
      change: IncidentChange,
    ): Promise<FullIncident> {
      const { caller, audit } = request;
      audit.target('incident', String(id));
      audit.details({ ...(request.body as object) });
      const incident = await deps.store.update(caller, id, change, caller.name, (db) => audit.recordIn(db));
      if (!incident) {
        const seen = await deps.store.find(caller, id);
        if (seen)
          throw new ApiError('Conflict', `Incident ${id} became part of incident ${seen.incident.leads_to}.`);
        if (await deps.store.exists(caller.tenantId, id))
          throw new ApiError('Forbidden', `Incident ${id} is about devices that you may not act on.`);
        throw notFound(id);
      }
      const devices = new Set(incident.alerts.map(({ alert }) => alert.machine_id));
      if (change.status !== undefined)
        for (const device of devices) await deps.reassess(caller.tenantId, device);
      return incident;
    },
  };
}

/** @throws ResourceNotFound: there is no incident of such a name */
export function incidentNumber(id: string): number {
  const number = /^[1-9]\d{0,14}$/.test(id) ? Number(id) : Number.NaN;
  if (Number.isNaN(number)) throw new ApiError('ResourceNotFound', `Incident ${id} was not found.`);
  return number;
}

function notFound(id: number): ApiError {
  return new ApiError('ResourceNotFound', `Incident ${id} was not found.`);
}
