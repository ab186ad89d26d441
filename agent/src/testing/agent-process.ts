/** The agent as a process, with a state folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OnboardingPackage } from '@merlon/contract';

const COMMAND = [process.execPath, fileURLToPath(new URL('../../../bin/merlon-agent.mjs', import.meta.url))];

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class AgentProcess {
  readonly home: string;
  readonly #prefix: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #command: readonly string[];
  readonly #daemonProgram: string | null;
  #daemon: ChildProcess | null = null;
  #log = '';

  /**
   * @param options.prefix words before the command, such as `ip netns exec NAME`
   * @param options.command words that are the command: default the bundle
   * @param options.daemon program that runs in the place of `merlon-agent run`
   */
  constructor(
    home: string,
    options: {
      prefix?: readonly string[];
      command?: readonly string[];
      env?: Record<string, string>;
      daemon?: string;
    } = {},
  ) {
    this.home = home;
    this.#command = options.command ?? COMMAND;
    this.#daemonProgram = options.daemon ?? null;
    this.#prefix = options.prefix ?? [];
    this.#env = options.env ?? {};
  }

  get pid(): number | undefined {
    return this.#daemon?.pid;
  }

  get log(): string {
    return this.#log;
  }

  /** Runs a command of the agent to its end. */
  run(...args: string[]): Promise<Finished> {
    return new Promise((resolve, reject) => {
      const child = this.#spawn([...this.#command, ...args]);
      child.on('error', reject);
      let out = '';
      let err = '';
      child.stdout?.on('data', (part: Buffer) => {
        out += part.toString();
      });
      child.stderr?.on('data', (part: Buffer) => {
        err += part.toString();
      });
      child.on('close', (code) => resolve({ code, out, err }));
    });
  }

  async onboard(content: OnboardingPackage, ...more: string[]): Promise<Finished> {
    const file = join(this.home, '..', `package-${content.packageId}.json`);
    await writeFile(file, JSON.stringify(content));
    return this.run('onboard', '--package', file, ...more);
  }

  start(): void {
    const child = this.#daemonProgram
      ? this.#spawn([process.execPath, this.#daemonProgram])
      : this.#spawn([...this.#command, 'run']);
    child.stdout?.resume();
    child.stderr?.on('data', (part: Buffer) => {
      this.#log += part.toString();
    });
    this.#daemon = child;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const daemon = this.#daemon;
    this.#daemon = null;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return daemon?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => daemon.on('close', resolve));
    daemon.kill(signal);
    return ended;
  }

  #spawn(words: readonly string[]): ChildProcess {
    const [command = '', ...rest] = [...this.#prefix, ...words];
    return spawn(command, rest, {
      env: {
        ...process.env,
        MERLON_AGENT_HOME: this.home,
        MERLON_AGENT_CONFIG: join(this.home, '..', 'etc'),
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
