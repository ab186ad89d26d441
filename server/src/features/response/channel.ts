/** The command channel of a device: sends it its orders, takes its frames, and drives machine actions by what it says. */
import {
  ApiError,
  DEVICE_PATHS,
  FromDevice,
  isGuid,
  isStorable,
  nowIso7,
  type ToDevice,
} from '@merlon/contract';
import { Compile } from 'typebox/compile';
import type { WebSocket } from 'ws';
import { type DeviceCaller, defineSocket, type SocketRoute } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Audit } from '../audit/index.ts';
import type { DeviceContents, SayToDevice } from '../device-content/index.ts';
import type { Devices } from '../devices/index.ts';
import type { CommandKey } from '../onboarding/index.ts';
import type { ChannelHub } from './channel-hub.ts';
import type { MachineActionEvent } from './machine-action-state.ts';
import { signCancel, signOrder } from './orders.ts';
import { progressToKeep } from './progress.ts';
import { readReceipt } from './receipts.ts';
import type { MachineActionRow, ResponseStore } from './store.ts';

const frameValidator = Compile(FromDevice);
const MAX_FRAME_BYTES = 256 * 1024;
/** Frames of one device are taken one after another; a device that floods is cut off at this many unread ones. */
const MAX_QUEUED_FRAMES = 256;
const BAD_FRAME = 1007;
const TOO_FAST = 1008;

export interface ChannelDeps {
  readonly hub: ChannelHub;
  readonly store: ResponseStore;
  readonly devices: Pick<Devices, 'lookup' | 'report' | 'seen'>;
  readonly content: Pick<DeviceContents, 'heard' | 'left'>;
  readonly commandKey: () => CommandKey;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Logger;
}

type SendingDeps = Pick<ChannelDeps, 'hub' | 'store' | 'commandKey' | 'clock'>;

export function channelSocket(deps: ChannelDeps): SocketRoute {
  return defineSocket({
    id: 'device.channel',
    path: DEVICE_PATHS.channel,
    summary: 'Command channel of a device.',
    access: { kind: 'device' },
    maxPayload: MAX_FRAME_BYTES,
    open(socket, request) {
      const { caller, ip } = request;
      deps.hub.add(caller.deviceId, socket);
      deps.devices.seen(caller.tenantId, caller.deviceId, ip);
      const say: SayToDevice = (frame) => void deps.hub.send(caller.deviceId, frame);
      socket.on('close', () => deps.content.left(caller, say));
      let queued = 0;
      let chain: Promise<void> = Promise.resolve();
      socket.on('message', (data, isBinary) => {
        const frame = isBinary ? null : parseFrame(String(data));
        if (!frame) return socket.close(BAD_FRAME, 'a frame is not one of the protocol');
        if (++queued > MAX_QUEUED_FRAMES) return socket.close(TOO_FAST, 'too many frames at once');
        chain = chain
          .then(() => takeFrame(deps, caller, ip, socket, say, frame))
          .catch((error: unknown) => {
            deps.log.warn(
              { err: error, deviceId: caller.deviceId, frame: frame.type },
              'a frame could not be taken',
            );
            // The device reconnects and says it again; nothing is acknowledged that was not stored.
            socket.close(1011, 'try again');
          })
          .finally(() => {
            queued -= 1;
          });
      });
    },
  });
}

/** Sends the device everything it has yet to carry out. Safe to repeat: a device takes no order twice. */
export async function sendOpenOrders(
  deps: SendingDeps,
  tenantId: string,
  deviceId: string,
  afterSeq: number,
): Promise<void> {
  for (const action of await deps.store.open(tenantId, deviceId)) {
    if (Number(action.seq) > afterSeq) await sendOrder(deps, action);
    if (action.cancelled_at) await sendCancel(deps, action);
  }
}

/** The newest word on an action: the order, or that it may not begin or go on. */
export async function sendWord(deps: SendingDeps, action: MachineActionRow): Promise<void> {
  await (action.cancelled_at ? sendCancel(deps, action) : sendOrder(deps, action));
}

async function sendCancel(deps: SendingDeps, action: MachineActionRow): Promise<void> {
  const cancel = await signCancel(action, deps.commandKey(), deps.clock.now());
  deps.hub.send(action.machine_id, { type: 'cancel', cancel });
}

async function sendOrder(deps: SendingDeps, action: MachineActionRow): Promise<void> {
  const order = await signOrder(action, deps.commandKey(), deps.clock.now());
  deps.hub.send(action.machine_id, { type: 'order', order });
}

async function takeFrame(
  deps: ChannelDeps,
  { tenantId, deviceId }: DeviceCaller,
  ip: string,
  socket: WebSocket,
  say: SayToDevice,
  frame: FromDevice,
): Promise<void> {
  switch (frame.type) {
    case 'hello':
      await deps.devices.report(tenantId, deviceId, frame.health, frame.device);
      deps.content.heard({ tenantId, deviceId }, frame.health, say);
      return sendOpenOrders(deps, tenantId, deviceId, frame.lastSeq);
    case 'health':
      deps.devices.seen(tenantId, deviceId, ip);
      deps.content.heard({ tenantId, deviceId }, frame.health, say);
      return deps.devices.report(tenantId, deviceId, frame.health, null);
    case 'started':
      return change(frame.orderId, { kind: 'started' }, {});
    case 'refused':
      return change(
        frame.orderId,
        { kind: 'refused' },
        { troubleshoot_info: `The device refused the order: ${frame.reason}` },
      );
    case 'progress':
      if (!isGuid(frame.orderId)) return;
      return deps.store.progress(
        tenantId,
        deviceId,
        frame.orderId,
        (row) => progressToKeep(row, frame.progress),
        deps.clock.now(),
      );
    case 'receipt': {
      const device = await deps.devices.lookup(tenantId, deviceId);
      if (!device) throw new ApiError('Unauthorized', 'The device is not known.');
      const receipt = await readReceipt(frame.receipt, device.key, deviceId);
      if (typeof receipt === 'string') {
        deps.log.error({ deviceId, problem: receipt }, 'a device sent a receipt that cannot be trusted');
        return;
      }
      await change(receipt.orderId, { kind: 'receipt', outcome: receipt.outcome }, (row) => {
        // The last word on its commands, which is signed.
        const progress = row.type === 'LiveResponse' ? progressToKeep(row, receipt.evidence) : null;
        return {
          receipt: frame.receipt,
          troubleshoot_info: receipt.error ?? null,
          ...(progress ? { progress: JSON.stringify(progress) } : {}),
        };
      });
      // Also for a receipt that changed nothing: it was stored before, or belongs to nothing we know, and need not come again.
      const answer: ToDevice = { type: 'receiptStored', orderId: receipt.orderId };
      socket.send(JSON.stringify(answer));
      return;
    }
    default:
      throw new Error(`unknown frame ${(frame satisfies never as { type: string }).type}`);
  }

  async function change(
    id: string,
    event: MachineActionEvent,
    details: Parameters<ResponseStore['change']>[4],
  ): Promise<void> {
    // A refused order may have had no readable id.
    if (!isGuid(id)) return;
    await deps.store.change(tenantId, id, event, deps.clock.now(), details, {
      machineId: deviceId,
      alongside: async (db, row) => {
        if (event.kind === 'started') return;
        await deps.audit.record(
          {
            tenantId,
            actor: { kind: 'device', id: deviceId, name: row.computer_dns_name },
            action: 'machineAction.complete',
            target: { kind: 'machineAction', id },
            outcome: row.status === 'Succeeded' ? 'success' : 'failed',
            details: { type: row.type, status: row.status, machineId: deviceId, at: nowIso7(row.updated_at) },
          },
          db,
        );
      },
    });
  }
}

function parseFrame(text: string): FromDevice | null {
  try {
    const value: unknown = JSON.parse(text);
    return frameValidator.Check(value) && isStorable(value) ? value : null;
  } catch {
    return null;
  }
}
