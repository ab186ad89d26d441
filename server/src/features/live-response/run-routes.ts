/** The call that runs a batch of live response, and the files that its device fetches for it. */
import {
  ApiError,
  DEVICE_PATHS,
  entityAnswer,
  isGuid,
  MachineAction,
  type OrderParams,
  RunLiveResponseRequest,
} from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, type DeviceCaller, defineRoute, type Route } from '../../http/route.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { Devices } from '../devices/index.ts';
import { machineActionBody, type Response } from '../response/index.ts';
import { filesNeeded, orderedCommands } from './commands-request.ts';
import { keyOf, type LibraryStore } from './library-store.ts';
import type { SessionLimit } from './session-limit.ts';
import type { SessionStore } from './session-store.ts';

export interface RunDeps {
  readonly library: LibraryStore;
  readonly sessions: Pick<SessionStore, 'find' | 'names'>;
  readonly response: Pick<Response, 'ordering' | 'openOrder'>;
  readonly devices: Pick<Devices, 'require'>;
  readonly deviceGroups: Pick<DeviceGroups, 'list'>;
  readonly limit: SessionLimit;
}

export function runRoutes({ library, sessions, response, devices, deviceGroups, limit }: RunDeps): Route[] {
  return [
    defineRoute({
      id: 'machines.runLiveResponse',
      method: 'POST',
      path: '/api/machines/:id/runliveresponse',
      summary: 'Put files of the library on a device, run scripts of it there, and get files from there.',
      access: {
        kind: 'api',
        application: ['Machine.LiveResponse'],
        delegated: ['Machine.LiveResponse'],
        role: 'LiveResponse.Basic',
        deviceScope: 'require',
      },
      audit: 'machine.liveResponse',
      params: Type.Object({ id: Type.String() }),
      body: RunLiveResponseRequest,
      responses: { 201: entityAnswer(MachineAction) },
      async handle({ caller, params: { id }, body, origin, audit }) {
        audit.target('machine', id);
        const device = await devices.require(caller, id, 'act');
        audit.target('machine', device.deviceId);
        if (body.Commands.some(({ type }) => type !== 'GetFile')) requireAdvanced(caller);
        await requireRemediation(deviceGroups, caller.tenantId, device.groupId);
        const files = await library.named(caller.tenantId, filesNeeded(body.Commands));
        const commands = orderedCommands(body.Commands, (name) => {
          const row = files.get(keyOf(name));
          return row && { fileName: row.file_name, sha256: row.sha256, size: row.size };
        });
        const action = await response.ordering.order({
          caller,
          audit,
          machine: device.deviceId,
          content: { kind: 'LiveResponse', params: { commands } },
          comment: body.Comment ?? '',
          alongside: (db) => limit.require(db),
        });
        return {
          status: 201,
          body: machineActionBody(origin, action),
        };
      },
    }),
    defineRoute({
      id: 'device.orderInput',
      method: 'GET',
      path: DEVICE_PATHS.orderInput,
      summary: 'A file that an order of this device names.',
      access: { kind: 'device' },
      audit: null,
      params: Type.Object({ orderId: Type.String(), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
      responses: { 200: Type.Unsafe<Buffer>({ type: 'string', format: 'binary' }) },
      async handle({ caller, params: { orderId, sha256 } }) {
        const named = (await inSession(caller, orderId, sha256)) || (await inOrder(caller, orderId, sha256));
        const content = named ? await library.content(caller.tenantId, sha256) : undefined;
        if (!content) throw new ApiError('ResourceNotFound', `Order ${orderId} names no such file.`);
        return { status: 200, body: content, headers: { 'content-type': 'application/octet-stream' } };
      },
    }),
  ];

  async function inOrder(device: DeviceCaller, orderId: string, sha256: string): Promise<boolean> {
    const action = await response.openOrder(device, orderId);
    if (action.type !== 'LiveResponse') return false;
    const { commands } = action.params as OrderParams<'LiveResponse'>;
    return commands.some((command) => 'sha256' in command && command.sha256 === sha256);
  }

  async function inSession(
    { tenantId, deviceId }: DeviceCaller,
    id: string,
    sha256: string,
  ): Promise<boolean> {
    const session = isGuid(id) ? await sessions.find(tenantId, id) : undefined;
    if (session?.machine_id !== deviceId || session.state !== 'Connected') return false;
    return sessions.names(tenantId, id, sha256);
  }
}

/** Programs hold the permission as a whole; people hold it by halves (rbac.md). @throws ApiError Forbidden */
export function requireAdvanced({ kind, roles }: Caller): void {
  if (kind === 'user' && !roles.has('LiveResponse.Advanced'))
    throw new ApiError('Forbidden', "The user's role lacks the permission LiveResponse.Advanced.");
}

/** rbac.md, remediation levels. @throws ApiError DisallowedOperation */
export async function requireRemediation(
  deviceGroups: Pick<DeviceGroups, 'list'>,
  tenantId: string,
  groupId: number,
): Promise<void> {
  const group = (await deviceGroups.list(tenantId)).find(({ id }) => id === groupId);
  if (group?.remediationLevel === 'None')
    throw new ApiError(
      'DisallowedOperation',
      `The device group ${group.name} allows no remediation, and live response needs some.`,
    );
}
