/** The system's `nft` command. */
import { spawn } from 'node:child_process';
import { AgentError, codeOf, messageOf } from '../agent-error.ts';
import { ISOLATION_TABLE } from './isolation-plan.ts';

const TIME_LIMIT_MS = 10_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export interface Nft {
  /** Applies a file of commands as one transaction: all of it or nothing. @throws AgentError with the words of nft. */
  apply(commands: string): Promise<void>;
  /** `nft -j list table` of the isolation table; null when there is none. */
  listIsolation(): Promise<unknown>;
}

/** @param command name or path of the nft program */
export function nftCommand(command = 'nft'): Nft {
  return {
    async apply(commands) {
      const { status, stderr } = await run(command, ['-f', '-'], commands);
      if (status !== 0)
        throw new AgentError(`nft refused the rules: ${stderr.trim() || `exit status ${status}`}`);
    },

    async listIsolation() {
      const { status, stdout, stderr } = await run(
        command,
        ['-j', 'list', 'table', 'inet', ISOLATION_TABLE],
        '',
      );
      if (status === 0) {
        try {
          return JSON.parse(stdout) as unknown;
        } catch (error) {
          throw new AgentError(`nft does not speak JSON here: ${messageOf(error)}`, { cause: error });
        }
      }
      if (stderr.includes('No such file or directory')) return null;
      throw new AgentError(
        `nft cannot list the isolation table: ${stderr.trim() || `exit status ${status}`}`,
      );
    },
  };
}

function run(
  command: string,
  args: string[],
  input: string,
): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      // A unit's PATH may lack the folders of system tools; messages are matched, so in no language but C.
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: 'C' },
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let bytes = 0;
    const keep = (parts: Buffer[]) => (part: Buffer) => {
      bytes += part.byteLength;
      if (bytes <= MAX_OUTPUT_BYTES) parts.push(part);
    };
    child.stdout.on('data', keep(out));
    child.stderr.on('data', keep(err));
    child.on('error', (error) =>
      reject(
        codeOf(error) === 'ENOENT'
          ? new AgentError('nft is not installed on this device: isolation needs nftables', { cause: error })
          : new AgentError(`nft cannot be run: ${messageOf(error)}`, { cause: error }),
      ),
    );
    child.on('close', (status, signal) => {
      if (signal) return reject(new AgentError(`nft did not answer within ${TIME_LIMIT_MS / 1000} s`));
      resolve({
        status: status ?? -1,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      });
    });
    // nft may end without reading its input; its exit status tells.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
