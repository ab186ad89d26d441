/** What one connected device says, and what follows from it: machine actions driven by its words, its words held against what it proved. */
import {
  ApiError,
  type DeviceHealth,
  type FromDevice,
  isGuid,
  nowIso7,
  type ReceiptClaims,
  resultsOf,
} from '@merlon/contract';
import type { DeviceCaller } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Audit } from '../audit/index.ts';
import type { DeviceContents, SayToDevice } from '../device-content/index.ts';
import type { Devices } from '../devices/index.ts';
import { contradictions, type StandingState, standingAfter } from './device-truth.ts';
import type { LiveAttendance } from './live-attendance.ts';
import type { MachineActionEvent } from './machine-action-state.ts';
import type { OrderResultsStore } from './order-results-store.ts';
import { progressToKeep } from './progress.ts';
import { missingProof } from './proof.ts';
import { readReceipt } from './receipts.ts';
import { type SendingDeps, sendOpenOrders } from './sending.ts';
import type { MachineActionRow, ResponseStore } from './store.ts';

export interface ConversationDeps extends SendingDeps {
  readonly store: ResponseStore;
  readonly results: Pick<OrderResultsStore, 'whole'>;
  readonly devices: Pick<Devices, 'lookup' | 'report' | 'seen' | 'offboard'>;
  readonly content: Pick<DeviceContents, 'heard' | 'left'>;
  readonly live: Pick<LiveAttendance, 'greeted' | 'heard'>;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Logger;
  /** Somebody must look at this device: what it says of itself cannot be true. */
  doubt(device: { tenantId: string; deviceId: string; name: string }, what: Doubt): Promise<void>;
}

export interface Doubt {
  /** The same doubt of the same device, soon after, is the same alert. */
  readonly key: string;
  readonly description: string;
}

export class Conversation {
  readonly #deps: ConversationDeps;
  readonly #device: DeviceCaller;
  readonly #ip: string;
  readonly #say: SayToDevice;
  /** What orders have made of the device, and whether one is changing it now. Null until it said hello. */
  #standing: StandingState | null = null;
  /** Contradictions told already in this conversation. */
  readonly #told = new Set<string>();

  constructor(deps: ConversationDeps, device: DeviceCaller, ip: string, say: SayToDevice) {
    this.#deps = deps;
    this.#device = device;
    this.#ip = ip;
    this.#say = say;
  }

  async take(frame: FromDevice): Promise<void> {
    const { devices, content, store, clock } = this.#deps;
    const { tenantId, deviceId } = this.#device;
    switch (frame.type) {
      case 'hello':
        await devices.report(tenantId, deviceId, frame.health, frame.device);
        content.heard(this.#device, frame.health, this.#say);
        this.#standing = await store.standing(tenantId, deviceId);
        await this.#holdAgainst(frame.health);
        await sendOpenOrders(this.#deps, tenantId, deviceId, frame.lastSeq);
        return this.#deps.live.greeted(this.#device);
      case 'health':
        devices.seen(tenantId, deviceId, this.#ip, 'channel');
        content.heard(this.#device, frame.health, this.#say);
        await devices.report(tenantId, deviceId, frame.health, null);
        return this.#holdAgainst(frame.health);
      case 'started':
        await this.#change(frame.orderId, { kind: 'started' }, {});
        return;
      case 'refused':
        await this.#change(
          frame.orderId,
          { kind: 'refused' },
          { troubleshoot_info: `The device refused the order: ${frame.reason}` },
        );
        return;
      case 'progress':
        if (!isGuid(frame.orderId)) return;
        return store.progress(
          tenantId,
          deviceId,
          frame.orderId,
          (row) => progressToKeep(row, frame.progress),
          clock.now(),
        );
      case 'receipt':
        return this.#receipt(frame.receipt);
      case 'live':
      case 'liveTaken':
        return this.#deps.live.heard(this.#device, frame);
      default:
        throw new Error(`unknown frame ${(frame satisfies never as { type: string }).type}`);
    }
  }

  async #receipt(jws: string): Promise<void> {
    const { devices, store, log } = this.#deps;
    const { tenantId, deviceId } = this.#device;
    const device = await devices.lookup(tenantId, deviceId);
    if (!device?.key) throw new ApiError('Unauthorized', 'The device is not known.');
    const receipt = await readReceipt(jws, device.key, deviceId);
    if (typeof receipt === 'string') {
      log.error({ deviceId, problem: receipt }, 'a device sent a receipt that cannot be trusted');
      return this.#doubt({
        key: 'receipt',
        description: `A receipt that came over its channel cannot be trusted: ${receipt}.`,
      });
    }
    const action = isGuid(receipt.orderId) ? await store.find(tenantId, receipt.orderId) : undefined;
    if (action?.machine_id !== deviceId) {
      await this.#doubt({
        key: 'foreign receipt',
        description: `It sent a receipt for order ${receipt.orderId}, which was never given to it.`,
      });
    } else {
      const missing = await this.#missing(action, receipt);
      const outcome = missing === null ? receipt.outcome : 'Failed';
      const changed = await this.#change(receipt.orderId, { kind: 'receipt', outcome }, (before) => {
        // The last word on its commands, which is signed.
        const progress = before.type === 'LiveResponse' ? progressToKeep(before, receipt.evidence) : null;
        return {
          receipt: jws,
          troubleshoot_info:
            missing === null
              ? (receipt.error ?? null)
              : `The device says that it succeeded, but its receipt does not show it: ${missing}.`,
          ...(progress ? { progress: JSON.stringify(progress) } : {}),
        };
      });
      // Also when the receipt was stored before: the device repeats it until it hears that this was done.
      if (action.type === 'Offboard' && outcome === 'Succeeded') await devices.offboard(tenantId, deviceId);
      if (missing !== null && changed)
        await this.#doubt({
          key: `unproven ${action.type}`,
          description: `It signed that order ${action.id} (${action.type}) succeeded, but ${missing}.`,
        });
    }
    // Also for a receipt that changed nothing: it was stored before, or belongs to nothing we know, and need not come again.
    this.#say({ type: 'receiptStored', orderId: receipt.orderId });
  }

  async #missing(action: MachineActionRow, receipt: ReceiptClaims): Promise<string | null> {
    if (receipt.seq !== Number(action.seq)) return `it is signed for another place, ${receipt.seq}`;
    if (receipt.outcome !== 'Succeeded') return null;
    const results = new Map<string, string>();
    for (const { name } of resultsOf(action.type, action.params)) {
      const whole = await this.#deps.results.whole(
        this.#device.tenantId,
        action.id,
        name,
        this.#deps.clock.now(),
      );
      if (whole) results.set(name, whole.sha256);
    }
    return missingProof(action, receipt.evidence, { results });
  }

  /** The action as it stands, if the event changed it. */
  async #change(
    id: string,
    event: MachineActionEvent,
    details: Parameters<ResponseStore['change']>[4],
  ): Promise<MachineActionRow | null> {
    // A refused order may have had no readable id.
    if (!isGuid(id)) return null;
    const { store, audit, clock } = this.#deps;
    const { tenantId, deviceId } = this.#device;
    const result = await store.change(tenantId, id, event, clock.now(), details, {
      machineId: deviceId,
      alongside: async (db, row) => {
        if (event.kind === 'started') return;
        await audit.record(
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
    if (!result?.changed) return null;
    if (this.#standing) this.#standing = standingAfter(this.#standing, result.row);
    return result.row;
  }

  /** A device that proved one thing and reports another is found out by its next word. */
  async #holdAgainst(health: DeviceHealth): Promise<void> {
    if (!this.#standing) return;
    const found = contradictions(this.#standing, health);
    for (const one of found) if (!this.#told.has(one.key)) await this.#doubt(one);
    this.#told.clear();
    for (const { key } of found) this.#told.add(key);
  }

  async #doubt(what: Doubt): Promise<void> {
    const { devices, doubt } = this.#deps;
    const { tenantId, deviceId } = this.#device;
    const device = await devices.lookup(tenantId, deviceId);
    await doubt({ tenantId, deviceId, name: device?.name ?? deviceId }, what);
  }
}
