/** Where the agent keeps its things. The environment is read here, once. */
import { join, resolve } from 'node:path';
import { AgentError, EXIT } from './agent-error.ts';
import { isLogLevel, type LogLevel } from './agent-log.ts';

export interface Settings {
  /** State folder: key, onboarding, spool, orders, isolation. Root only. */
  readonly home: string;
  /** Folder of config.json, written by the administrator. */
  readonly configDir: string;
  /** Unix socket through which the command line speaks to the daemon. */
  readonly controlSocket: string;
  readonly logLevel: LogLevel;
}

/** Longest path the kernel takes for a Unix socket, without the final NUL. */
const SOCKET_PATH_BYTES = 107;

export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const ownHome = env.MERLON_AGENT_HOME;
  const home = resolve(ownHome || '/var/lib/merlon-agent');
  const logLevel = env.MERLON_AGENT_LOG || 'info';
  if (!isLogLevel(logLevel)) {
    throw new AgentError(`MERLON_AGENT_LOG must be debug, info, warn or error, not "${logLevel}"`, {
      exitCode: EXIT.usage,
    });
  }
  // A state folder of one's own means a second agent on this machine: it must not meet the first one at its socket.
  const controlSocket = ownHome ? join(home, 'control.sock') : '/run/merlon-agent/control.sock';
  if (Buffer.byteLength(controlSocket) > SOCKET_PATH_BYTES) {
    throw new AgentError(
      `MERLON_AGENT_HOME is too long: ${controlSocket} exceeds ${SOCKET_PATH_BYTES} bytes`,
      {
        exitCode: EXIT.usage,
      },
    );
  }
  return {
    home,
    configDir: resolve(env.MERLON_AGENT_CONFIG || '/etc/merlon-agent'),
    controlSocket,
    logLevel,
  };
}
