/**
 * A console session between people and a device, as it goes over the wire.
 *
 * What people type is signed by the command key, with the session and a sequence that counts up from 1, so that neither a replay nor whoever ends TLS can put in,
 * leave out or exchange a word. The first word is `open`, the last `close`. The device's own words carry a sequence of their own and are kept by it until they are
 * stored, so that none is lost or doubled when a connection is.
 */
import { type Static, Type } from 'typebox';

export const LIVE_INPUT_TYPE = 'merlon-live+jwt';
/** Longest command line. */
export const LIVE_LINE_CHARS = 4_000;
/** Longest `text` of one word of output. */
export const LIVE_OUTPUT_CHARS = 16_384;
/** How long, in seconds, the device takes an input after it was signed. */
export const LIVE_INPUT_LIFE_S = 60;
/** A session without a sign of life ends. */
export const LIVE_IDLE_MS = 30 * 60_000;

const Hex40 = Type.String({ pattern: '^[0-9a-f]{40}$' });
const Guid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });

/** A file of the library that a command names: what the server found under that name. */
export const LiveFile = Type.Object({
  fileName: Type.String({ minLength: 1, maxLength: 255 }),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  size: Type.Integer({ minimum: 0 }),
});
export type LiveFile = Static<typeof LiveFile>;

export const liveInputKinds = ['open', 'command', 'interrupt', 'close'] as const;
export type LiveInputKind = (typeof liveInputKinds)[number];

export const LiveInput = Type.Object({
  sub: Hex40,
  sid: Guid,
  seq: Type.Integer({ minimum: 1 }),
  kind: Type.Enum([...liveInputKinds]),
  /** command: the line. interrupt: the sequence of the command to break off. Else empty. */
  text: Type.String({ maxLength: LIVE_LINE_CHARS }),
  /** command: whether who typed it may do more than read. */
  advanced: Type.Boolean(),
  file: Type.Optional(LiveFile),
  iat: Type.Integer(),
  exp: Type.Integer(),
});
export type LiveInput = Static<typeof LiveInput>;

export const liveOutcomes = ['Completed', 'Failed', 'Interrupted'] as const;
export type LiveOutcome = (typeof liveOutcomes)[number];

export const LiveWord = Type.Union([
  Type.Object({ kind: Type.Literal('opened') }),
  Type.Object({
    kind: Type.Literal('output'),
    /** Sequence of the command that it belongs to. */
    command: Type.Integer({ minimum: 1 }),
    stream: Type.Union([Type.Literal('out'), Type.Literal('err')]),
    text: Type.String({ maxLength: LIVE_OUTPUT_CHARS }),
  }),
  Type.Object({
    kind: Type.Literal('done'),
    command: Type.Integer({ minimum: 1 }),
    outcome: Type.Enum([...liveOutcomes]),
    /** Name of what it handed in, for people; the result itself is named by the command's sequence. */
    result: Type.Optional(Type.String({ maxLength: 255 })),
  }),
  /** The device ends the session. */
  Type.Object({ kind: Type.Literal('ended'), reason: Type.String({ maxLength: 500 }) }),
]);
export type LiveWord = Static<typeof LiveWord>;
