/** Commands that change something on the device, and that take it back. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LiveCommandName } from '@merlon/contract';
import { AgentError, codeOf } from '../../agent-error.ts';
import { readProcess } from '../../sensor/proc-files.ts';
import { openPlainFile } from '../plain-file.ts';
import type { CommandContext, CommandHandler } from './commands.ts';
import { programOutput } from './program-output.ts';

const DEATH_LIMIT_MS = 5_000;
/** Without these the device is lost to whoever would help it. */
const KEPT_SERVICES = /^(merlon-agent|systemd-.*|dbus.*|init)(\.service)?$/;
const SERVICE = /^[A-Za-z0-9@._:-]{1,200}$/;

export const remediationCommands = {
  async remediate(context) {
    const [kind, target = ''] = context.line.words;
    switch (kind?.toLowerCase()) {
      case 'file':
        return remediateFile(context, target);
      case 'process':
        return endProcess(context, target);
      case 'service': {
        requireService(target);
        await programOutput(['systemctl', 'disable', '--now', '--', target], context.signal);
        return tellService(context, target);
      }
      default:
        throw new AgentError(`remediate takes file, process or service, not ${kind}`);
    }
  },

  async undo(context) {
    const [kind, target = ''] = context.line.words;
    switch (kind?.toLowerCase()) {
      case 'file':
        await context.output.line(
          JSON.stringify(await context.tools.restore(resolve(context.session.cwd, target)), null, 1),
        );
        return undefined;
      case 'service': {
        requireService(target);
        await programOutput(['systemctl', 'enable', '--now', '--', target], context.signal);
        return tellService(context, target);
      }
      default:
        throw new AgentError(`undo takes file or service, not ${kind}`);
    }
  },
} as const satisfies Partial<Record<LiveCommandName, CommandHandler>>;

async function remediateFile(
  { session, tools, output, signal }: CommandContext,
  target: string,
): Promise<undefined> {
  const { path, handle } = await openPlainFile(resolve(session.cwd, target));
  const hash = createHash('sha256');
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false, signal }))
      hash.update(chunk as Buffer);
  } finally {
    await handle.close();
  }
  const done = await tools.quarantine(hash.digest('hex'), path);
  if (!done) throw new AgentError(`${path} is not there any more, or was restored by an order and stays`);
  await output.line(JSON.stringify(done, null, 1));
  return undefined;
}

async function endProcess({ output }: CommandContext, target: string): Promise<undefined> {
  const pid = Number(target);
  if (!/^\d{1,10}$/.test(target) || pid < 2 || pid === process.pid)
    throw new AgentError(`${target} is not a process that may be ended`);
  const before = readProcess(pid);
  if (!before) throw new AgentError(`there is no process ${pid}`);
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    throw new AgentError(`process ${pid} cannot be ended: ${codeOf(error)}`, { cause: error });
  }
  const until = performance.now() + DEATH_LIMIT_MS;
  // Its number may be another's by the time it is looked for again.
  while (readProcess(pid)?.start === before.start) {
    if (performance.now() > until) throw new AgentError(`process ${pid} does not die`);
    await delay(10);
  }
  await output.rows([{ pid, path: before.path, command: before.commandLine, state: 'ended' }]);
  return undefined;
}

function requireService(name: string): void {
  if (!SERVICE.test(name) || name.startsWith('-'))
    throw new AgentError(`${name} is not the name of a service`);
  if (KEPT_SERVICES.test(name)) throw new AgentError(`${name} is needed to reach this device`);
}

async function tellService({ output, signal }: CommandContext, service: string): Promise<undefined> {
  const text = await programOutput(
    ['systemctl', 'show', '--property=ActiveState,SubState,UnitFileState', '--', service],
    signal,
  );
  const state = Object.fromEntries(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('=', 2)),
  );
  await output.rows([
    { service, active: state.ActiveState, state: state.SubState, startsBySelf: state.UnitFileState },
  ]);
  return undefined;
}
