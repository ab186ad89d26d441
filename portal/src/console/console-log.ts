/** The log of a console session as what is shown of it. Pure. */
import type { LiveEntry, LiveSession } from '../api/live-response.ts';

export type ConsoleMessage =
  | { readonly type: 'session'; readonly session: LiveSession }
  | { readonly type: 'entry'; readonly entry: LiveEntry }
  | { readonly type: 'accepted'; readonly line: string; readonly command: number }
  | {
      readonly type: 'refused';
      readonly line: string | null;
      readonly code: string;
      readonly message: string;
    };

export interface ConsoleLine {
  readonly key: string;
  readonly kind: 'input' | 'output' | 'error' | 'done' | 'event' | 'refused';
  readonly text: string;
  readonly command: number;
  /** Name of a file that was handed in, to be had. */
  readonly file: string | null;
}

export interface ConsoleState {
  readonly session: LiveSession | null;
  readonly lines: readonly ConsoleLine[];
  /** What has been shown so far: what the socket goes on from. */
  readonly position: number;
  /** Commands that have not ended. */
  readonly running: readonly number[];
}

export const emptyConsole: ConsoleState = { session: null, lines: [], position: 0, running: [] };

/** Lines kept in the page; the log itself keeps all. */
const MOST_LINES = 5_000;

export function withMessage(state: ConsoleState, message: ConsoleMessage): ConsoleState {
  switch (message.type) {
    case 'session':
      return { ...state, session: message.session };
    case 'accepted':
      // The entry says it too, in its place of the log.
      return state;
    case 'refused':
      return withLine(state, {
        key: `refused ${state.position} ${state.lines.length}`,
        kind: 'refused',
        text: `${message.line === null ? '' : `${message.line}: `}${message.message} (${message.code})`,
        command: 0,
        file: null,
      });
    case 'entry': {
      const { entry } = message;
      if (entry.position <= state.position) return state;
      const next = { ...state, position: entry.position, running: runningAfter(state.running, entry) };
      const kind = kindOf(entry);
      return withLine(next, {
        key: String(entry.position),
        kind,
        text: kind === 'done' && entry.text === 'Completed' ? '' : entry.text,
        command: entry.command,
        file: entry.result,
      });
    }
  }
}

function withLine(state: ConsoleState, line: ConsoleLine): ConsoleState {
  if (line.text === '' && line.file === null) return state;
  return { ...state, lines: [...state.lines, line].slice(-MOST_LINES) };
}

function kindOf({ kind, stream }: LiveEntry): ConsoleLine['kind'] {
  if (kind === 'input') return stream === 'command' ? 'input' : 'event';
  if (kind !== 'output') return 'event';
  return stream === 'err' ? 'error' : stream === 'done' ? 'done' : 'output';
}

function runningAfter(running: readonly number[], { kind, stream, command }: LiveEntry): readonly number[] {
  if (kind === 'input' && stream === 'command') return [...running, command];
  if (kind === 'output' && stream === 'done') return running.filter((one) => one !== command);
  return running;
}
