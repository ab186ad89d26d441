/** Commands about the session itself. */
import { hostname } from 'node:os';
import { type LiveCommandName, type LiveCommandSpec, liveCommandNames, liveCommands } from '@merlon/contract';
import { AgentError } from '../../agent-error.ts';
import type { CommandHandler } from './commands.ts';

export const sessionCommands = {
  /** Screens clear themselves. */
  cls: async () => undefined,

  async connect({ output, tools, sessionId }) {
    await output.rows([
      { device: hostname(), deviceId: tools.deviceId, agent: tools.agentVersion, session: sessionId },
    ]);
    return undefined;
  },

  async help({ output, line }) {
    const [asked] = line.words;
    if (asked === undefined) {
      await output.rows(
        liveCommandNames.map((name) => {
          const { level, usage, summary }: LiveCommandSpec = liveCommands[name];
          return { command: usage, level, summary };
        }),
      );
      await output.line('Also: -output json|table, and > name to hand in what a command says as a file.');
      return undefined;
    }
    const name = liveCommandNames.find((one) => one === asked.toLowerCase());
    if (!name) throw new AgentError(`there is no command ${JSON.stringify(asked)}`);
    const { level, usage, summary }: LiveCommandSpec = liveCommands[name];
    await output.line(`${usage}\n${summary} (${level})`);
    return undefined;
  },

  async jobs({ output, session }) {
    await output.rows(session.jobs.map(({ id, line, state }) => ({ job: id, command: line, state })));
    return undefined;
  },

  async fg({ output, session, line, signal }) {
    const job = session.jobs.find(({ id }) => String(id) === line.words[0]);
    if (!job) throw new AgentError(`there is no job ${line.words[0]}`);
    await Promise.race([
      job.done,
      new Promise((_resolve, reject) => signal.addEventListener('abort', reject, { once: true })),
    ]);
    await output.rows([{ job: job.id, command: job.line, state: job.state }]);
    return undefined;
  },

  async status({ output, session }) {
    await output.rows(
      session.history.map(({ command, line, outcome }) => ({ id: command, command: line, status: outcome })),
    );
    return undefined;
  },

  async trace({ output, session }) {
    session.trace = !session.trace;
    await output.line(`trace is ${session.trace ? 'on' : 'off'}`);
    return undefined;
  },

  /** The server answers it: the library is there. */
  async library() {
    throw new AgentError('the library is kept by the server');
  },
} as const satisfies Partial<Record<LiveCommandName, CommandHandler>>;
