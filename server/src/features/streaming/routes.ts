/** `/api/dataExportSettings`, as its clients know it. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { Type } from 'typebox';
import { type ApiAccess, defineRoute, type Route } from '../../http/route.ts';
import {
  askedExport,
  DataExportSetting,
  ShownDataExportSetting,
  shownExport,
} from './data-export-settings.ts';
import type { SettingWork } from './setting-work.ts';
import type { StreamingStore } from './store.ts';

/** No permission is documented for it, neither of programs nor delegated. */
const access = {
  kind: 'api',
  application: [],
  delegated: 'portal',
  role: 'PortalSettings.Manage',
  deviceScope: 'none',
} as const satisfies ApiAccess;

export function dataExportRoutes(deps: {
  readonly work: SettingWork;
  readonly store: Pick<StreamingStore, 'byName' | 'list'>;
  readonly state: Pick<StateStore, 'together'>;
}): Route[] {
  const { work, store, state } = deps;
  return [
    defineRoute({
      id: 'dataexport.list',
      method: 'GET',
      path: '/api/dataExportSettings',
      summary: 'Settings of raw data streaming, in the shape that its clients know.',
      access,
      audit: null,
      accepts: 'none',
      responses: { 200: Type.Object({ value: Type.Array(ShownDataExportSetting) }) },
      async handle({ caller }) {
        const resources = new Map((await store.list(caller.tenantId)).map((one) => [one.id, one.resourceId]));
        const settings = await work.list(caller.tenantId);
        return {
          status: 200,
          body: { value: settings.map((one) => shownExport(one, resources.get(one.id) ?? null)) },
        };
      },
    }),
    defineRoute({
      id: 'dataexport.upsert',
      method: 'POST',
      path: '/api/dataExportSettings',
      summary: 'Make or replace a setting of raw data streaming, by its name.',
      access: { ...access, lasting: true },
      audit: 'export.save',
      body: DataExportSetting,
      responses: { 200: ShownDataExportSetting },
      async handle({ caller, body, audit }) {
        const { tenantId } = caller;
        const { resourceId, ...asked } = askedExport(body, tenantId);
        const old = await store.byName(tenantId, body.id);
        if (old !== null && old.kind !== asked.destination.kind)
          throw new ApiError(
            'Conflict',
            `The setting ${body.id} sends to ${old.kind}: remove it first, or change it at /api/merlon/exports.`,
          );
        // What the shape does not know stays: a replacement must not let out what a filter kept in.
        const kept = { deviceGroups: old?.deviceGroups ?? [], filters: old?.filters ?? {} };
        const checked = await work.check(tenantId, { ...asked, ...kept, resourceId }, old, {
          probe: asked.enabled,
        });
        const saved = await state.together(async () => {
          const id = old?.id ?? randomUUID();
          const setting = await (old === null
            ? work.create(tenantId, id, checked)
            : work.update(tenantId, checked));
          audit.target('export', id);
          await audit.recordTogether();
          return setting;
        });
        return { status: 200, body: shownExport(saved, resourceId) };
      },
    }),
    defineRoute({
      id: 'dataexport.delete',
      method: 'DELETE',
      path: '/api/dataExportSettings/:id',
      summary: 'Remove a setting of raw data streaming.',
      access,
      audit: 'export.remove',
      accepts: 'none',
      params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 120 }) }),
      responses: { 204: Type.Null() },
      async handle({ caller, params, audit }) {
        const { tenantId } = caller;
        const setting = await store.byName(tenantId, params.id);
        if (setting === null)
          throw new ApiError('ResourceNotFound', `There is no setting named ${params.id}.`);
        await state.together(async () => {
          await work.remove(tenantId, setting.id);
          audit.target('export', setting.id);
          await audit.recordTogether();
        });
        return { status: 204 };
      },
    }),
  ];
}
