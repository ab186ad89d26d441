/**
 * Logs. ERROR: someone must act. WARN: it healed or degraded, worth a look. INFO: what an operator reads on an ordinary day.
 * Never a secret, never a token, never a query's text.
 */
import { pino } from 'pino';

export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  child(bindings: Record<string, unknown>): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on a pipe, short readable lines on a terminal. Both on standard error: standard output belongs to the command's result. */
export function createLogger(options: { level: LogLevel; pretty: boolean }): Logger {
  const stream = options.pretty
    ? { write: (line: string) => process.stderr.write(readable(line)) }
    : pino.destination({ dest: 2, sync: true });
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}

/** `21:08:13 INFO  devices  device enrolled deviceId=…` */
function readable(line: string): string {
  const { level, time, msg, part, err, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries(facts).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const head = `${String(time).slice(11, 19)} ${String(level).toUpperCase().padEnd(5)} ${part ? `${part}: ` : ''}${msg}`;
  const stack = err && typeof err === 'object' && 'stack' in err ? `\n${String(err.stack)}` : '';
  return `${[head, ...pairs].join(' ')}${stack}\n`;
}
