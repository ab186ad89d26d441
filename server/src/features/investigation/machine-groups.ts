/** Device groups as the service's preview of 2018 listed them, at its own address and at the API's. */
import { collectionAnswer, MachineGroup } from '@merlon/contract';
import { defineRoute, type Route } from '../../http/route.ts';
import { contextOf } from '../../odata/page.ts';
import { type InvestigationDeps, readMachines } from './relations.ts';

export function machineGroupRoutes({ deviceGroups }: Pick<InvestigationDeps, 'deviceGroups'>): Route[] {
  const at = (id: string, path: string) =>
    defineRoute({
      id,
      method: 'GET',
      path,
      summary: 'List the device groups whose devices the caller may see, as the preview of the service did.',
      access: readMachines,
      audit: null,
      responses: { 200: collectionAnswer(MachineGroup) },
      async handle({ caller, origin }) {
        const groups = await deviceGroups.list(caller.tenantId);
        const value = groups
          .filter(({ id }) => caller.deviceGroups === 'all' || caller.deviceGroups.includes(String(id)))
          .map(
            ({ id, name, description, ungrouped }): MachineGroup => ({ id, name, description, ungrouped }),
          );
        const context = contextOf(origin, 'MachineGroups');
        return { status: 200, body: { '@odata.context': context, '@odata.count': value.length, value } };
      },
    });
  return [
    at('machinegroups.list', '/api/machinegroups'),
    at('machinegroups.preview', '/testwdatppreview/machinegroups'),
  ];
}
