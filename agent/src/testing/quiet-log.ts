import type { AgentLog, LogFields } from '../agent-log.ts';

/** Keeps what was said instead of printing it. */
export function quietLog(): AgentLog & {
  readonly lines: { level: string; message: string; fields: LogFields }[];
} {
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  const say =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields });
    };
  const log = {
    lines,
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    part: () => log,
  };
  return log;
}
