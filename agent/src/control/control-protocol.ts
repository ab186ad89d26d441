/** What the command line asks of the running daemon, over its Unix socket: one JSON line each way, then the connection ends. */
import { type Static, Type } from 'typebox';

export const ControlRequest = Type.Union([
  Type.Object({ verb: Type.Literal('health') }),
  /** The onboarding on disk changed: read it again. */
  Type.Object({ verb: Type.Literal('reload') }),
  Type.Object({ verb: Type.Literal('offboard'), force: Type.Boolean() }),
]);
export type ControlRequest = Static<typeof ControlRequest>;

export const ControlReply = Type.Union([
  Type.Object({ ok: Type.Literal(true), result: Type.Unknown() }),
  Type.Object({ ok: Type.Literal(false), error: Type.String() }),
]);
export type ControlReply = Static<typeof ControlReply>;

export const MAX_REQUEST_BYTES = 64 * 1024;
export const MAX_REPLY_BYTES = 1024 * 1024;
