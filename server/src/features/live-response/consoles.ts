/**
 * Console sessions at work. People's words and the device's meet in the session's log, which every server reads: whoever holds the device's channel signs and sends what
 * is new there, and whoever holds a person's socket shows it. A notification says that there is something to read; losing one costs time, not words.
 */
import {
  ApiError,
  LIVE_INPUT_LIFE_S,
  LIVE_INPUT_TYPE,
  LIVE_LINE_CHARS,
  type LiveCommandSpec,
  type LiveFile,
  type LiveInput,
  liveCommands,
  type OrderResult,
  readLiveLine,
} from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { Caller, DeviceCaller, RouteAudit } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Audit, AuditActor } from '../audit/index.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { Devices } from '../devices/index.ts';
import type { CommandKey } from '../onboarding/index.ts';
import {
  type LiveAttendant,
  type LiveFrame,
  policyFor,
  type Response,
  requireAble,
} from '../response/index.ts';
import type { TicketHolder } from './console-database.ts';
import type { LibraryStore } from './library-store.ts';
import { keyOf } from './library-store.ts';
import { requireRemediation } from './run-routes.ts';
import type { SessionLimit } from './session-limit.ts';
import type { ConsoleTransaction, SessionRow, SessionStore } from './session-store.ts';

/** Says that there is something new to read in a session. */
export const LIVE_CHANNEL = 'merlon_live';
const GET_FILE_BYTES = 512 * 1024 * 1024;
const OVERDUE_EVERY_MS = 15_000;
const FORGET_EVERY_MS = 3_600_000;
const SYSTEM: AuditActor = { kind: 'system', id: 'live-response', name: 'Merlon' };

export interface ConsolesDeps {
  readonly state: Pick<StateStore, 'notify' | 'listen'>;
  readonly sessions: SessionStore;
  readonly library: LibraryStore;
  readonly devices: Pick<Devices, 'require'>;
  readonly deviceGroups: Pick<DeviceGroups, 'list'>;
  readonly response: Pick<Response, 'channels' | 'live' | 'policies'>;
  readonly limit: SessionLimit;
  readonly commandKey: () => CommandKey;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Logger;
  /** A word of a device was not kept. */
  readonly dropped: () => void;
}

export type Consoles = ReturnType<typeof createConsoles>;

/** Who types: whom a ticket was given to. */
export interface Typist {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly holder: TicketHolder;
}

export function createConsoles(deps: ConsolesDeps) {
  const { sessions, state, clock, log, audit } = deps;
  /** The newest input sent to a device over its present channel. */
  const sent = new Map<string, number>();
  const watchers = new Map<string, Set<() => void>>();
  const timers: NodeJS.Timeout[] = [];
  let unlisten: (() => Promise<void>) | undefined;

  const announce = (tenantId: string, { id, machine_id }: Pick<SessionRow, 'id' | 'machine_id'>) =>
    state.notify(LIVE_CHANNEL, [tenantId, machine_id, id].join(' '));

  async function deliver(tenantId: string, machineId: string, sessionId: string): Promise<void> {
    const untaken = await sessions.untaken(tenantId, sessionId);
    if (untaken.length === 0) sent.delete(sessionId);
    for (const entry of untaken) {
      if (entry.command <= (sent.get(sessionId) ?? 0)) continue;
      const now = Math.floor(clock.now().getTime() / 1000);
      const input: LiveInput = {
        sub: machineId,
        sid: sessionId,
        seq: entry.command,
        kind: entry.stream as LiveInput['kind'],
        text: entry.text,
        advanced: entry.advanced,
        ...(entry.file ? { file: entry.file } : {}),
        iat: now,
        exp: now + LIVE_INPUT_LIFE_S,
      };
      const signed = await deps.commandKey().sign(LIVE_INPUT_TYPE, input);
      if (!deps.response.channels.send(machineId, { type: 'live', input: signed })) return;
      sent.set(sessionId, entry.command);
    }
  }

  const endedBy = (actor: AuditActor, appId?: string) => (db: ConsoleTransaction, row: SessionRow) =>
    audit.record(
      {
        tenantId: row.tenant_id,
        actor,
        ...(appId === undefined ? {} : { appId }),
        action: 'liveResponse.end',
        target: { kind: 'liveSession', id: row.id },
        outcome: 'success',
        details: { machineId: row.machine_id, reason: row.end_reason, commands: row.input_seq },
      },
      db,
    );

  const attendant: LiveAttendant = {
    async greeted({ tenantId, deviceId }) {
      for (const id of await sessions.ofDevice(tenantId, deviceId, clock.now())) {
        sent.delete(id);
        await deliver(tenantId, deviceId, id);
      }
    },

    async heard({ tenantId, deviceId }: DeviceCaller, frame: LiveFrame) {
      const actor: AuditActor = { kind: 'device', id: deviceId, name: deviceId };
      if (frame.type === 'liveTaken') {
        const row = await sessions.taken(
          tenantId,
          deviceId,
          frame.sessionId,
          frame,
          {
            reason: 'The device does not know the session: its agent was started again.',
            alongside: endedBy(actor),
          },
          clock.now(),
        );
        if (row && frame.unknown) await announce(tenantId, row);
        return;
      }
      const outcome = await sessions.word(
        tenantId,
        deviceId,
        frame,
        { alongside: endedBy(actor) },
        clock.now(),
      );
      if (outcome.kind === 'early') return;
      const { row, dropped } = outcome;
      if (dropped) deps.dropped();
      deps.response.channels.send(deviceId, {
        type: 'liveStored',
        sessionId: frame.sessionId,
        seq: frame.seq,
      });
      if (row) await announce(tenantId, row);
    },

    async resultOf({ tenantId, deviceId }, sessionId, name): Promise<OrderResult | null> {
      if (!/^[1-9]\d{0,8}$/.test(name)) return null;
      const row = await sessions.find(tenantId, sessionId);
      if (row?.machine_id !== deviceId || row.state !== 'Connected') return null;
      const command = await sessions.command(tenantId, sessionId, Number(name));
      return command ? { name, maxBytes: GET_FILE_BYTES } : null;
    },
  };

  async function resolveFile(tenantId: string, line: string): Promise<LiveFile | undefined> {
    const read = readLiveLine(line);
    if (typeof read === 'string') throw new ApiError('InvalidInput', read);
    const spec: LiveCommandSpec = liveCommands[read.name];
    if (spec.library === undefined) return undefined;
    const name = read.words[spec.library] ?? '';
    const row = (await deps.library.named(tenantId, [name])).get(keyOf(name));
    if (!row) throw new ApiError('InvalidInput', `There is no file ${JSON.stringify(name)} in the library.`);
    return { fileName: row.file_name, sha256: row.sha256, size: row.size };
  }

  async function listing(tenantId: string): Promise<string> {
    const files = await deps.library.list(tenantId);
    return files.length === 0
      ? '(nothing)'
      : files.map((file) => `${file.file_name}  ${file.size} bytes  ${file.description ?? ''}`).join('\n');
  }

  return {
    /** @throws ApiError as ordering a live response does */
    async start(caller: Caller, machine: string, comment: string, record: RouteAudit): Promise<SessionRow> {
      record.target('machine', machine);
      const device = await deps.devices.require(caller, machine, 'act');
      record.target('machine', device.deviceId);
      requireAble(device, 'LiveResponse');
      await requireRemediation(deps.deviceGroups, caller.tenantId, device.groupId);
      const policy = policyFor(
        await deps.response.policies.list(caller.tenantId),
        'LiveResponse',
        device.groupId,
      );
      const { kind, id, name } = caller;
      const row = await sessions.create(
        caller.tenantId,
        {
          machineId: device.deviceId,
          machineName: device.name,
          comment,
          requestor: { kind, id, name },
          policy: policy?.name ?? null,
        },
        clock.now(),
        async (db, sessionId) => {
          await deps.limit.require(db);
          record.details({ sessionId, ...(policy ? { awaitsApproval: policy.name } : {}) });
          await record.recordIn(db);
        },
      );
      if (!row) throw new ApiError('ActiveRequestAlreadyExists', 'A session is open on this device already.');
      await announce(caller.tenantId, row);
      return row;
    },

    announce,

    /** Undefined: it was over already. */
    async end(
      tenantId: string,
      id: string,
      reason: string,
      alongside: (db: ConsoleTransaction, row: SessionRow) => Promise<void>,
    ): Promise<SessionRow | undefined> {
      const row = await sessions.end(tenantId, id, { reason, alongside }, clock.now());
      if (row) await announce(tenantId, row);
      return row;
    },

    /** A line that somebody typed. Its number; null for what the server answers itself. @throws ApiError when it is refused, which the log and the trail tell too */
    async type({ tenantId, sessionId, holder }: Typist, line: string): Promise<number | null> {
      const actor: AuditActor = { kind: holder.kind, id: holder.id, name: holder.name };
      const entry = (outcome: 'success' | 'refused', details: object) => ({
        tenantId,
        actor,
        ...(holder.kind === 'user' ? { appId: holder.clientId } : {}),
        action: 'liveResponse.command',
        target: { kind: 'liveSession', id: sessionId },
        outcome,
        details: { line, ...details },
      });
      try {
        if (line.length > LIVE_LINE_CHARS || /[\0\p{Surrogate}]/u.test(line))
          throw new ApiError(
            'InvalidInput',
            `A line may have ${LIVE_LINE_CHARS} characters, none of them zero.`,
          );
        const read = readLiveLine(line);
        if (typeof read === 'string') throw new ApiError('InvalidInput', read);
        if (liveCommands[read.name].level === 'advanced' && !holder.advanced)
          throw new ApiError('Forbidden', `${read.name} takes the permission LiveResponse.Advanced.`);
        if (read.name === 'library') {
          await sessions.note(tenantId, sessionId, await listing(tenantId), holder.name, clock.now(), (db) =>
            audit.record(entry('success', {}), db),
          );
          await announceId(tenantId, sessionId);
          return null;
        }
        const file = await resolveFile(tenantId, line);
        const seq = await sessions.input(
          tenantId,
          sessionId,
          {
            kind: 'command',
            text: line,
            author: holder.name,
            advanced: holder.advanced,
            ...(file ? { file } : {}),
          },
          clock.now(),
          (db, command) => audit.record(entry('success', { command, ...(file ? { file } : {}) }), db),
        );
        if (seq === undefined) throw new ApiError('Conflict', 'The session takes no more commands.');
        await announceId(tenantId, sessionId);
        return seq;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status >= 500) throw error;
        const shown = Buffer.from(line.slice(0, 200)).toString().replaceAll('\0', '\ufffd');
        await sessions.note(
          tenantId,
          sessionId,
          `Refused: ${shown}: ${error.publicMessage}`,
          holder.name,
          clock.now(),
          (db) => audit.record(entry('refused', { line: shown, error: error.code }), db),
        );
        await announceId(tenantId, sessionId);
        throw error;
      }
    },

    async interrupt({ tenantId, sessionId, holder }: Typist, command: number): Promise<void> {
      await sessions.input(
        tenantId,
        sessionId,
        { kind: 'interrupt', text: String(command), author: holder.name, advanced: false },
        clock.now(),
        async () => undefined,
      );
      await announceId(tenantId, sessionId);
    },

    /** Calls `ring` whenever there may be something new in the session. Answers the way to stop. */
    watch(sessionId: string, ring: () => void): () => void {
      const rings = watchers.get(sessionId) ?? new Set();
      watchers.set(sessionId, rings.add(ring));
      return () => {
        rings.delete(ring);
        if (rings.size === 0) watchers.delete(sessionId);
      };
    },

    endedBy,

    async open(): Promise<void> {
      deps.response.live.attend(attendant);
      unlisten = await state.listen(LIVE_CHANNEL, (payload) => {
        const [tenantId = '', deviceId = '', sessionId = ''] = payload.split(' ');
        for (const ring of watchers.get(sessionId) ?? []) ring();
        if (!deps.response.channels.has(deviceId)) return;
        deliver(tenantId, deviceId, sessionId).catch((error: unknown) =>
          log.warn({ err: error, deviceId }, 'a word of a console session was not sent'),
        );
      });
      timers.push(
        every(OVERDUE_EVERY_MS, async () => {
          for (const { tenantId, id, reason } of await sessions.overdue(clock.now())) {
            const row = await sessions.end(tenantId, id, { reason, alongside: endedBy(SYSTEM) }, clock.now());
            if (row) await announce(tenantId, row);
          }
        }),
        every(FORGET_EVERY_MS, () => sessions.forget(clock.now())),
      );
    },

    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      await unlisten?.();
    },
  };

  async function announceId(tenantId: string, id: string): Promise<void> {
    const row = await sessions.find(tenantId, id);
    if (row) await announce(tenantId, row);
  }

  function every(ms: number, work: () => Promise<void>): NodeJS.Timeout {
    const timer = setInterval(() => {
      work().catch((error: unknown) => log.warn({ err: error }, 'console sessions could not be swept'));
    }, ms);
    timer.unref();
    return timer;
  }
}
