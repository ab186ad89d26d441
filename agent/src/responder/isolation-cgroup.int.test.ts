/** Isolation of a host whose agent has a cgroup of its own, as under systemd: nobody else on it reaches even the server. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Namespaces, whyNoNamespaces } from '../testing/namespaces.ts';
import { isolationRuleset } from './isolation-plan.ts';

/** Mounts cgroup 2 where nft looks for it; within `ip netns exec` that is seen by nobody else. */
const MOUNT = 'mount -t cgroup2 none /sys/fs/cgroup';
const group = `merlon-${randomBytes(3).toString('hex')}`;
const cgroup = `${group}/merlon-agent.service`;
const why = whyNoNamespaces() ?? whyNoCgroup();
if (why !== null) process.stdout.write(`isolation by cgroup is not tested: ${why}\n`);

function whyNoCgroup(): string | null {
  const tried = spawnSync('unshare', ['--mount', 'sh', '-c', MOUNT], { encoding: 'utf8' });
  return tried.status === 0 ? null : `cgroup 2 cannot be mounted: ${tried.stderr.trim()}`;
}

describe.skipIf(why !== null)('isolation by cgroup', () => {
  const namespaces = new Namespaces();
  let dir: string;
  let listener: ChildProcess;
  const host = { prefix: [] as readonly string[] };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'merlon-cgroup-'));
    const agent = namespaces.make('host');
    const server = namespaces.make('server');
    namespaces.join(agent, server, 1);
    host.prefix = agent.prefix;
    const program =
      "require('net').createServer((s) => { s.on('error', () => {}); s.end('hello\\n'); }).listen(8443, '::', () => console.log('listening'))";
    const [command = '', ...args] = [...server.prefix, process.execPath, '-e', program];
    listener = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => listener.stdout?.once('data', resolve));
  });
  afterAll(async () => {
    listener?.kill('SIGKILL');
    if (host.prefix.length > 0) inside(`rmdir /sys/fs/cgroup/${cgroup} /sys/fs/cgroup/${group} || true`);
    namespaces.remove();
    await rm(dir, { recursive: true, force: true });
  });

  const inside = (script: string, input = '') => {
    const [command = '', ...args] = [...host.prefix, 'bash', '-c', `${MOUNT} && { ${script}; }`];
    return execFileSync(command, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] });
  };
  const enter = `echo $$ > /sys/fs/cgroup/${cgroup}/cgroup.procs`;
  const leave = 'echo $$ > /sys/fs/cgroup/cgroup.procs';
  const reach =
    'if timeout 1 bash -c "exec 3<>/dev/tcp/10.77.1.2/8443 && read -r l <&3"; then echo reached; else echo cut; fi';

  it("lets the agent's own processes through to the server and no others", () => {
    inside(`mkdir -p /sys/fs/cgroup/${cgroup}`);
    expect(inside(reach).trim()).toBe('reached');
    const rules = isolationRuleset({
      kind: 'Full',
      server: { addresses: ['10.77.1.2', 'fd77:1::2'], port: 8443 },
      resolvers: ['10.77.1.2'],
      allow: [],
      cgroup,
    });
    inside('nft -f -', rules);
    expect(inside(reach, '').trim()).toBe('cut');
    expect(inside(`${enter}; ${reach}; ${leave}`).trim()).toBe('reached');
  });
});
