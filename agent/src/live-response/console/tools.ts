/** What commands of a console need of the rest of the agent. */
import type { LiveFile } from '@merlon/contract';

export interface SessionTools {
  readonly deviceId: string;
  readonly agentVersion: string;
  /** Hands a file in as what this command yielded. */
  handIn(sessionId: string, command: number, path: string, signal: AbortSignal): Promise<unknown>;
  /** The content of a library file, under its hash. */
  fetch(sessionId: string, file: LiveFile, signal: AbortSignal): Promise<Buffer>;
  /** Ends what runs the file and puts it away; null when it is not there any more. */
  quarantine(sha256: string, path: string): Promise<Record<string, unknown> | null>;
  /** Puts back what was put away from this path. @throws when nothing was */
  restore(path: string): Promise<Record<string, unknown>>;
}
