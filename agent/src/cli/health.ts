/** `merlon-agent health`: the running daemon's view. Exit codes as `mdatp` has them: 0 printed, 1 not onboarded, 3 not running. */
import { AgentError, EXIT, type ExitCode } from '../agent-error.ts';
import { askDaemon } from '../control/control-client.ts';
import type { Settings } from '../settings.ts';
import { type Output, render } from './output.ts';

export async function health(
  settings: Settings,
  options: { field?: string; output: 'table' | 'json' },
  output: Output,
): Promise<ExitCode> {
  const answer = await askDaemon(settings.controlSocket, { verb: 'health' });
  const fields = answer as Record<string, unknown>;
  const { field } = options;
  if (field !== undefined) {
    if (!Object.hasOwn(fields, field)) {
      throw new AgentError(
        `there is no health field "${field}"; there are ${Object.keys(fields).join(', ')}`,
        {
          exitCode: EXIT.usage,
        },
      );
    }
    output.line(options.output === 'json' ? JSON.stringify(fields[field]) : render(fields[field]));
  } else if (options.output === 'json') {
    output.line(JSON.stringify(fields, null, 2));
  } else {
    for (const [name, value] of Object.entries(fields)) output.line(`${name.padEnd(24)}: ${render(value)}`);
  }
  return fields.onboarding_state === 'Enrolled' ? EXIT.ok : EXIT.failed;
}
