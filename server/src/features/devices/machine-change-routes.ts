/** What people and programs say of devices: tags and worth. Saying it twice changes nothing. */
import {
  ApiError,
  collectionAnswer,
  DeviceValueChange,
  entityAnswer,
  Machine,
  MachinesTagChange,
  MachineTagChange,
  MachineUpdate,
} from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route, type RouteRequest } from '../../http/route.ts';
import { contextOf } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { machineEntity } from './machine-entity.ts';
import { machineKey } from './machine-key.ts';
import type { DevicesStore, MachineChange } from './store.ts';

const access = {
  kind: 'api',
  application: ['Machine.ReadWrite.All'],
  delegated: ['Machine.ReadWrite'],
  role: 'SecuritySettings.Manage',
  deviceScope: 'require',
} as const;
const params = Type.Object({ id: Type.String() });
const one = { 200: entityAnswer(Machine) };
const MAX_BATCH = 500;

interface Deps {
  readonly store: Pick<DevicesStore, 'find' | 'change' | 'some'>;
  readonly clock: Clock;
  /** What is remembered of these is no longer so. */
  changed(ids: readonly string[]): void;
}
type ChangeRequest = Pick<RouteRequest<unknown, unknown, unknown, Caller>, 'caller' | 'audit' | 'origin'>;

export function machineChangeRoutes(deps: Deps): Route[] {
  const { store, clock } = deps;

  /** All of them or none. @throws ResourceNotFound; Forbidden: there is such a device, out of the caller's reach */
  async function apply({ caller, audit }: ChangeRequest, names: readonly string[], change: MachineChange) {
    const ids: string[] = [];
    for (const name of names) {
      const key = machineKey(name);
      const id = 'id' in key ? key.id : (await store.find(caller, key))?.id;
      if (id === undefined) throw await missing(caller, name);
      audit.target('machine', id);
      ids.push(id);
    }
    const rows = await store.change(caller, ids, change, (db) => audit.recordIn(db));
    if (rows.length === 0) {
      const visible = new Set((await store.some(caller, ids)).map((row) => row.id));
      throw await missing(caller, ids.find((id) => !visible.has(id)) ?? names[0] ?? '');
    }
    deps.changed(ids);
    return rows.map((row) => machineEntity(row, clock.now()));
  }

  async function missing(caller: Caller, name: string): Promise<ApiError> {
    return (await store.find(caller.tenantId, machineKey(name)))
      ? new ApiError('Forbidden', `Machine ${name} is not in a device group that you may act on.`)
      : new ApiError('ResourceNotFound', `Machine ${name} was not found.`);
  }

  async function applyToOne(request: ChangeRequest, id: string, change: MachineChange) {
    const [machine] = await apply(request, [id], change);
    return {
      status: 200,
      body: { '@odata.context': contextOf(request.origin, 'Machines/$entity'), ...machine },
    };
  }

  return [
    defineRoute({
      id: 'machines.update',
      method: 'PATCH',
      path: '/api/machines/:id',
      summary: 'Replace the tags of a device, or say what it is worth.',
      access: { ...access, role: 'AlertsInvestigation.Manage' },
      audit: 'machine.update',
      params,
      body: MachineUpdate,
      responses: one,
      handle: (request) =>
        applyToOne(request, request.params.id, {
          ...(request.body.machineTags === undefined ? {} : { tags: request.body.machineTags }),
          ...(request.body.deviceValue === undefined ? {} : { deviceValue: request.body.deviceValue }),
        }),
    }),
    defineRoute({
      id: 'machines.tags',
      method: 'POST',
      path: '/api/machines/:id/tags',
      summary: 'Give a device a tag, or take one away.',
      access,
      audit: 'machine.tag',
      params,
      body: MachineTagChange,
      responses: one,
      handle: (request) => applyToOne(request, request.params.id, tagChange(request.body)),
    }),
    defineRoute({
      id: 'machines.tagsBulk',
      method: 'POST',
      path: '/api/machines/addOrRemoveTagForMultipleMachines',
      summary: 'Give many devices a tag, or take it away: all of them or none.',
      access,
      audit: 'machine.tag',
      body: MachinesTagChange,
      responses: { 200: collectionAnswer(Machine) },
      async handle(request) {
        const ids = [...new Set(request.body.MachineIds)];
        if (ids.length > MAX_BATCH)
          throw new ApiError(
            'MaximumBatchSizeExceeded',
            `${ids.length} machines were received; at most ${MAX_BATCH} are allowed.`,
          );
        const value = ids.length === 0 ? [] : await apply(request, ids, tagChange(request.body));
        return { status: 200, body: { '@odata.context': contextOf(request.origin, 'Machines'), value } };
      },
    }),
    defineRoute({
      id: 'machines.setDeviceValue',
      method: 'POST',
      path: '/api/machines/:id/setDeviceValue',
      summary: 'Say what a device is worth to the organisation.',
      access,
      audit: 'machine.setDeviceValue',
      params,
      body: DeviceValueChange,
      responses: one,
      handle: (request) => applyToOne(request, request.params.id, { deviceValue: request.body.DeviceValue }),
    }),
  ];
}

const tagChange = ({ Value, Action }: MachineTagChange): MachineChange =>
  Action === 'Add' ? { addTag: Value } : { removeTag: Value };
