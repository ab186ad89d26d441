/**
 * A simulated machine that boots: systemd as its first process, in namespaces of its own, on this machine's root file system with a throw-away layer
 * above it. As in any container, /sys and /proc/sys are read-only to it. Nothing of it is left once its process has ended.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunResult, SimulatedMachine } from './hosts.ts';
import { eventually } from './wait.ts';

const SYSTEMD = '/lib/systemd/systemd';
/** What `reboot` in a process namespace of one's own ends its first process with, as the shell sees it: 128 + SIGHUP. */
const REBOOTED = 129;

/**
 * Arguments: an empty folder, the machine's name. The layer lives in a mount namespace, so that it outlasts a reboot but not this script. What the
 * distribution enabled on this machine is taken out of it, and so are Node and npm.
 */
const POWER = `
set -eu
work=$1; name=$2; root=$work/root
mount --make-rprivate /
mount -t tmpfs -o size=1g tmpfs "$work"
mkdir "$work/upper" "$work/layer" "$root" "$work/cgroup"
mount -t overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/layer" overlay "$root"
rm -rf "$root"/etc/systemd/system/* "$root"/etc/rc?.d/* "$root"/etc/fstab "$root"/lib/systemd/system-generators/* \\
  "$root"/lib/systemd/system/multi-user.target.wants/* "$root"/usr/bin/node "$root"/usr/bin/npm "$root"/usr/local/bin/node
echo "$name" > "$root/etc/hostname"
mount -t cgroup2 cgroup2 "$work/cgroup"
home=$work/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
own=$work/cgroup/merlon-$name-$$
clean() { echo $$ > "$home/cgroup.procs"; find "$own" -depth -type d -exec rmdir {} +; }
trap clean EXIT
mkdir "$own"
status=${REBOOTED}
while [ "$status" = ${REBOOTED} ]; do
  echo $$ > "$own/cgroup.procs"
  status=0
  setpriv --pdeathsig KILL unshare --mount --uts --ipc --pid --cgroup --fork --kill-child sh -c "$BOOT" boot "$root" || status=$?
done
`;

/** Runs as the first process of its namespace. Argument: the root. */
const BOOT = `
set -eu
root=$1
read -r pid rest < /proc/self/stat
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs sysfs "$root/sys"
mount -o remount,bind,ro "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do : > "$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"; done
ln -s /proc/self/fd "$root/dev/fd"
cd "$root"
mkdir -p before
pivot_root . before
umount -l /before
echo "booting $pid"
exec env -i container=merlon PATH=/usr/sbin:/usr/bin:/sbin:/bin ${SYSTEMD}
`;

export interface SystemdMachine {
  /** Runs a command inside, as root. */
  run(command: string, ...args: string[]): Promise<RunResult>;
  /** Brings a file there. */
  put(path: string, content: string | Buffer, mode?: number): void;
  /** Resolves once it is up again. */
  reboot(): Promise<void>;
  /** Pulls the plug. */
  off(): Promise<void>;
}

/** Null, and why, where no machine can be booted. */
export function whyNoSystemd(): string | null {
  if (!existsSync(SYSTEMD)) return 'systemd is not installed';
  if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay'))
    return 'the kernel has no overlay file system';
  return null;
}

/** @param work an empty folder */
export async function bootMachine(machine: SimulatedMachine, work: string): Promise<SystemdMachine> {
  const power = machine.start('unshare', ['--mount', 'sh', '-c', POWER, 'power', work, machine.name], {
    env: { ...process.env, BOOT },
  });
  let output = '';
  for (const stream of [power.stdout, power.stderr])
    stream?.on('data', (data) => {
      output += data;
    });
  const boots = () => [...output.matchAll(/^booting (\d+)$/gm)].map(([, pid = '']) => pid);
  const run = (command: string, ...args: string[]) =>
    machine.run('nsenter', ['--target', boots().at(-1) ?? '', '--all', command, ...args], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
  const up = (count: number) =>
    eventually(
      `boot ${count} of ${machine.name}`,
      async () => {
        if (power.exitCode !== null) throw new Error(`it ended: ${output}`);
        if (boots().length < count) return false;
        return /running|degraded/.test((await run('systemctl', 'is-system-running')).stdout);
      },
      { withinMs: 60_000, everyMs: 200, lastSeen: () => output },
    );
  await up(1);
  return {
    run,
    put(path, content, mode = 0o644) {
      const target = join(`/proc/${boots().at(-1)}/root`, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
      chmodSync(target, mode);
    },
    async reboot() {
      const count = boots().length;
      await run('systemctl', 'reboot');
      await up(count + 1);
    },
    async off() {
      if (power.exitCode !== null || power.signalCode !== null) return;
      const ended = new Promise((resolve) => power.once('exit', resolve));
      process.kill(Number(boots().at(-1)), 'SIGKILL');
      await ended;
    },
  };
}
