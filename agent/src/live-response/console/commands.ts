/** Each command of a console and what carries it out. */
import type { LiveCommandName, LiveInput, LiveLine, LiveOutcome } from '@merlon/contract';
import { fileCommands } from './file-commands.ts';
import type { CommandOutput } from './output.ts';
import { remediationCommands } from './remediation-commands.ts';
import { sessionCommands } from './session-commands.ts';
import { systemCommands } from './system-commands.ts';
import type { SessionTools } from './tools.ts';

export interface CommandContext {
  readonly line: LiveLine;
  readonly input: LiveInput;
  readonly output: CommandOutput;
  readonly signal: AbortSignal;
  readonly sessionId: string;
  /** Private to live response. */
  readonly folder: string;
  readonly tools: SessionTools;
  readonly session: {
    cwd: string;
    trace: boolean;
    readonly history: readonly { command: number; line: string; outcome: LiveOutcome | 'Running' }[];
    readonly jobs: readonly { id: number; line: string; state: string; done: Promise<void> }[];
  };
}

/** A file that was handed in. */
export interface HandedIn {
  readonly fileName: string;
}

/** Throws to fail; the message is what people are told. */
export type CommandHandler = (context: CommandContext) => Promise<HandedIn | undefined>;

export const commandHandlers: { readonly [K in LiveCommandName]: CommandHandler } = {
  ...sessionCommands,
  ...systemCommands,
  ...fileCommands,
  ...remediationCommands,
};
