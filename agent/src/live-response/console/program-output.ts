import { execFile } from 'node:child_process';
import { AgentError } from '../../agent-error.ts';
import { SYSTEM_PATH } from '../../forensics/bounded-command.ts';

const LIMIT_MS = 30_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** What a program of the system prints. @throws AgentError when it is not there, fails or says too much */
export function programOutput(
  [program, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      {
        env: { PATH: SYSTEM_PATH, LC_ALL: 'C', SYSTEMD_COLORS: '0' },
        timeout: LIMIT_MS,
        maxBuffer: MAX_BYTES,
        killSignal: 'SIGKILL',
        signal,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const said = stderr.trim().split('\n')[0] || error.message.split('\n')[0];
        reject(new AgentError(`${program}: ${said}`, { cause: error }));
      },
    );
  });
}
