/**
 * Simulated machines for journeys: network namespaces on one bridge, in a namespace of its own. The test's own side gets one address on that
 * bridge. Nothing of the machine's own network is touched but that one interface, which goes away with the network.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';

export interface SimulatedMachine {
  readonly name: string;
  readonly address: string;
  /** Runs a command on the machine. Resolves with what it printed and its exit code. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a command that goes on. It is ended with the network. */
  start(command: string, args?: readonly string[], options?: RunOptions): ChildProcess;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SimulatedNetwork {
  /** Address of the test's own side. */
  readonly address: string;
  machine(name: string): SimulatedMachine;
  remove(): void;
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Null, and why, where namespaces cannot be made. */
export function whyNoNetwork(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  try {
    execFileSync('ip', ['-V'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'iproute2 is not installed';
  }
}

export function makeNetwork(): SimulatedNetwork {
  const id = randomBytes(2).toString('hex');
  const subnet = `10.${80 + ((process.pid >> 8) % 100)}.${process.pid % 250}`;
  const switchNs = `mj${id}-net`;
  const ours = `mj${id}s`;
  const namespaces = [switchNs];
  const children: ChildProcess[] = [];
  let next = 2;
  try {
    ip('netns', 'add', switchNs);
    ip('-n', switchNs, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', switchNs, 'link', 'set', 'br0', 'up');
    ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', 'p0', 'netns', switchNs);
    ip('-n', switchNs, 'link', 'set', 'p0', 'master', 'br0', 'up');
    ip('addr', 'add', `${subnet}.1/24`, 'dev', ours);
    ip('link', 'set', ours, 'up');
  } catch (error) {
    remove();
    throw error;
  }

  function machine(name: string): SimulatedMachine {
    const namespace = `mj${id}-${name}`;
    const address = `${subnet}.${next}`;
    const port = `p${next}`;
    next += 1;
    ip('netns', 'add', namespace);
    namespaces.push(namespace);
    ip('link', 'add', 'eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', port, 'netns', switchNs);
    ip('-n', switchNs, 'link', 'set', port, 'master', 'br0', 'up');
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    const inside = (command: string, args: readonly string[]) => [
      'netns',
      'exec',
      namespace,
      command,
      ...args,
    ];
    return {
      name,
      address,
      run: (command, args = [], options = {}) =>
        new Promise((resolve) => {
          execFile(
            'ip',
            inside(command, args),
            {
              env: options.env ?? process.env,
              cwd: options.cwd,
              timeout: options.timeoutMs ?? 30_000,
              maxBuffer: 64 * 1024 * 1024,
            },
            (error, stdout, stderr) =>
              resolve({
                code: error ? (typeof error.code === 'number' ? error.code : 1) : 0,
                stdout,
                stderr,
              }),
          );
        }),
      start(command, args = [], options = {}) {
        const child = spawn('ip', inside(command, args), {
          env: options.env ?? process.env,
          cwd: options.cwd,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        children.push(child);
        return child;
      },
    };
  }

  function remove(): void {
    for (const child of children) child.kill('SIGKILL');
    try {
      ip('link', 'del', ours);
    } catch {
      // It went with the other end.
    }
    for (const namespace of namespaces.reverse()) {
      try {
        ip('netns', 'del', namespace);
      } catch {
        // Never made.
      }
    }
  }

  return { address: `${subnet}.1`, machine, remove };
}
