/** At start the sensor does, itself, what it is there to see, and waits for its own eyes to report it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';

const WITHIN_MS = 8000;
const CHECK_MS = 20;

/** Waits for `seen`, at most eight seconds: a busy machine is no blind sensor. */
export async function sees(seen: () => boolean): Promise<boolean> {
  const until = performance.now() + WITHIN_MS;
  while (!seen()) {
    if (performance.now() > until) return false;
    await new Promise((done) => setTimeout(done, CHECK_MS));
  }
  return true;
}

/** Starts the smallest program there is. `onPid` is told its pid before the kernel's record of it can be read. */
export async function canaryExec(onPid: (pid: number) => void): Promise<void> {
  const child = spawn('/bin/true', { stdio: 'ignore' });
  if (child.pid !== undefined) onPid(child.pid);
  await Promise.race([once(child, 'exit'), once(child, 'error')]);
}

/** Connects to itself over loopback. @throws where there is none, as in a fresh network namespace. */
export async function canaryConnect(): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no loopback address');
    const socket = connect(address.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  } finally {
    server.close();
  }
}

export async function canaryFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, '');
  await rm(path);
}
