/**
 * Logs: one JSON object a line on standard error. ERROR: someone must act. WARN: it healed or degraded. INFO: an ordinary day.
 * Never a key, a token or the content of an event.
 */
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Without the names that every line has already. */
export type LogFields = Readonly<Record<string, unknown>> & {
  readonly [name in 'time' | 'level' | 'part' | 'message']?: never;
};

export interface AgentLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log, with every line naming the part of the agent that speaks. */
  part(name: string): AgentLog;
}

export function isLogLevel(text: string): text is LogLevel {
  return (LEVELS as readonly string[]).includes(text);
}

export function createLog(options: {
  level: LogLevel;
  write?: (line: string) => void;
  part?: string;
}): AgentLog {
  const write = options.write ?? ((line: string) => process.stderr.write(line));
  const least = LEVELS.indexOf(options.level);
  const say =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (LEVELS.indexOf(level) < least) return;
      const line = {
        time: new Date().toISOString(),
        level,
        ...(options.part ? { part: options.part } : {}),
        message,
        ...fields,
      };
      write(
        `${JSON.stringify(line, (_key, value: unknown) => (value instanceof Error ? errorText(value) : value))}\n`,
      );
    };
  return {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    part: (name) => createLog({ ...options, part: name }),
  };
}

function errorText(error: Error): string {
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.name}: ${error.message}${cause}`;
}
