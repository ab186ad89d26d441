/** What administrators do with exports. */
import { randomUUID } from 'node:crypto';
import { nowIso7 } from '@merlon/contract';
import { Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { ExportSetting, settingMembers } from './export-setting.ts';
import { type Reconcile, Reconciliation } from './reconcile.ts';
import { Replay, type Replays } from './replays.ts';
import type { CheckedSetting, SettingWork } from './setting-work.ts';
import type { StreamingStore } from './store.ts';

const exactly = { additionalProperties: false } as const;
/** No application permission is documented for it: people in the portal and the command line only. */
const managing = { role: 'PortalSettings.Manage' } as const;
const id = Type.String({ format: 'uuid' });
const moment = Type.String({ format: 'date-time' });
/** The destination is away at the moment, or cannot be tried without a trace: it is saved unseen. */
const skipTest = Type.Optional(Type.Boolean());

export function streamingOperations(deps: {
  readonly work: SettingWork;
  readonly store: Pick<StreamingStore, 'get'>;
  readonly replays: Replays;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
}): Operation[] {
  const { work, store } = deps;
  return [
    defineOperation({
      name: 'export.list',
      method: 'GET',
      path: '/api/merlon/exports',
      summary: 'Export settings of the tenant, and how each fares.',
      ...managing,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(ExportSetting) }),
      run: async ({ tenantId }) => ({ value: await work.list(tenantId) }),
    }),
    defineOperation({
      name: 'export.get',
      method: 'GET',
      path: '/api/merlon/exports/:id',
      summary: 'One export setting.',
      ...managing,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: ExportSetting,
      run: ({ tenantId }, input) => work.get(tenantId, input.id),
    }),
    defineOperation({
      name: 'export.create',
      method: 'POST',
      path: '/api/merlon/exports',
      summary: 'Stream event types to a destination from now on; it is tried before it is saved.',
      ...managing,
      changes: 'export',
      lasting: true,
      input: Type.Object(
        {
          name: settingMembers.name,
          eventTypes: settingMembers.eventTypes,
          destination: settingMembers.destination,
          deviceGroups: Type.Optional(settingMembers.deviceGroups),
          filters: Type.Optional(settingMembers.filters),
          enabled: Type.Optional(Type.Boolean()),
          skipTest,
        },
        exactly,
      ),
      output: ExportSetting,
      prepare: ({ tenantId }, { skipTest: skip, ...input }): Promise<CheckedSetting> =>
        work.check(tenantId, { enabled: true, deviceGroups: [], filters: {}, ...input }, null, {
          probe: skip !== true,
        }),
      run: ({ tenantId }, _input, checked) => work.create(tenantId, randomUUID(), checked),
    }),
    defineOperation({
      name: 'export.update',
      method: 'PATCH',
      path: '/api/merlon/exports/:id',
      summary: 'Change an export setting, or turn it on or off; what is left out stays.',
      ...managing,
      changes: 'export',
      lasting: 'unlessOff',
      input: Type.Object(
        {
          id,
          name: Type.Optional(settingMembers.name),
          eventTypes: Type.Optional(settingMembers.eventTypes),
          destination: Type.Optional(settingMembers.destination),
          deviceGroups: Type.Optional(settingMembers.deviceGroups),
          filters: Type.Optional(settingMembers.filters),
          enabled: Type.Optional(Type.Boolean()),
          skipTest,
        },
        exactly,
      ),
      output: ExportSetting,
      async prepare({ tenantId }, { id: asked, skipTest: skip, ...changes }): Promise<CheckedSetting> {
        const old = await store.get(tenantId, asked);
        // What does not change where rows go needs no test, and turning off must work while the destination is away.
        const goesOut = changes.destination !== undefined || (changes.enabled === true && !old.enabled);
        return work.check(
          tenantId,
          {
            name: old.name,
            enabled: old.enabled,
            eventTypes: old.tables,
            deviceGroups: old.deviceGroups,
            filters: old.filters,
            ...changes,
            destination: changes.destination ?? { kind: old.kind, settings: {} },
            // It says where the setting sent before.
            ...(changes.destination === undefined ? {} : { resourceId: null }),
          },
          old,
          { probe: goesOut && skip !== true },
        );
      },
      run: ({ tenantId }, _input, checked) => work.update(tenantId, checked),
    }),
    defineOperation({
      name: 'export.remove',
      method: 'DELETE',
      path: '/api/merlon/exports/:id',
      summary: 'Remove an export setting. What it has not delivered is not kept for it.',
      ...managing,
      changes: 'export',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: ExportSetting,
      run: ({ tenantId }, input) => work.remove(tenantId, input.id),
    }),
    defineOperation({
      name: 'export.test',
      method: 'POST',
      path: '/api/merlon/exports/:id/test',
      summary: 'Try whether the destination can be written to, without writing a row.',
      ...managing,
      changes: 'export',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Type.Object({ works: Type.Literal(true) }),
      async prepare({ tenantId }, input) {
        await work.probe(tenantId, input.id);
      },
      run: async () => ({ works: true as const }),
    }),
    defineOperation({
      name: 'export.replay',
      method: 'POST',
      path: '/api/merlon/exports/:id/replays',
      summary:
        'Deliver again what was received from a moment on, out of the event store, with the same record ids.',
      ...managing,
      changes: 'export',
      lasting: false,
      input: Type.Object({ id, from: moment, to: Type.Optional(moment) }, exactly),
      output: Replay,
      run: ({ tenantId }, input) =>
        deps.replays.create(tenantId, input.id, input.from, input.to ?? nowIso7(deps.clock.now())),
    }),
    defineOperation({
      name: 'export.listReplays',
      method: 'GET',
      path: '/api/merlon/exports/:id/replays',
      summary: 'The last hundred replays of an export setting, newest first.',
      ...managing,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: Type.Object({ value: Type.Array(Replay) }),
      run: async ({ tenantId }, input) => ({ value: await deps.replays.list(tenantId, input.id) }),
    }),
    defineOperation({
      name: 'export.cancelReplay',
      method: 'POST',
      path: '/api/merlon/exports/replays/:id/cancel',
      summary: 'End a replay; what it has delivered stays.',
      ...managing,
      changes: 'export',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Replay,
      run: ({ tenantId }, input) => deps.replays.cancel(tenantId, input.id),
    }),
    defineOperation({
      name: 'export.reconcile',
      method: 'GET',
      path: '/api/merlon/exports/:id/reconciliation',
      summary: 'Rows received and rows settled, by table and hour, compared.',
      ...managing,
      changes: null,
      input: Type.Object({ id, from: Type.Optional(moment), to: Type.Optional(moment) }, exactly),
      output: Reconciliation,
      run: ({ tenantId }, input) => deps.reconcile(tenantId, input.id, input),
    }),
  ];
}
