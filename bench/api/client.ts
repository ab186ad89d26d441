/** A lean HTTPS client for measuring: connections that stay, one request at a time on each, an answer read to its last byte and not looked into. */
import { connect, type TLSSocket } from 'node:tls';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Arrived {
  readonly status: number;
  readonly bytes: number;
}

export class Wire {
  readonly #socket: TLSSocket;
  readonly #head: string;
  #waiting: { done: (answer: Arrived) => void; failed: (error: Error) => void } | null = null;
  #pending: Buffer = Buffer.alloc(0);
  /** Of the answer under way, once its head is there. */
  #answer: { status: number; bytes: number; left: number; chunked: boolean } | null = null;

  static async open(target: Target): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port: target.port, servername: target.host, ca: target.ca });
    await new Promise<void>((done, failed) => socket.once('secureConnect', done).once('error', failed));
    return new Wire(socket, target);
  }

  private constructor(socket: TLSSocket, { host, port, headers }: Target) {
    this.#socket = socket;
    this.#head = ` HTTP/1.1\r\nhost: ${host}:${port}\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    const lost = (error?: Error) => this.#waiting?.failed(error ?? new Error('the connection was closed'));
    socket.on('error', lost);
    socket.on('close', () => lost());
  }

  get(path: string): Promise<Arrived> {
    return new Promise((done, failed) => {
      // Whoever was not asked for long may have been hung up on meanwhile.
      if (this.#socket.destroyed) return failed(new Error('the connection was closed'));
      this.#waiting = { done, failed };
      this.#socket.write(`GET ${path}${this.#head}`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = Buffer.alloc(0);
    if (!this.#answer) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) {
        this.#pending = rest;
        return;
      }
      const head = rest.toString('latin1', 0, end);
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
      this.#answer = {
        status: Number(head.slice(9, 12)),
        bytes: 0,
        left: Number(length ?? 0),
        chunked: length === undefined,
      };
      rest = rest.subarray(end + 4);
    }
    const answer = this.#answer;
    if (!answer.chunked) {
      answer.bytes += rest.length;
      answer.left -= rest.length;
      if (answer.left <= 0) this.#end();
      return;
    }
    for (;;) {
      if (answer.left > 0) {
        const taken = Math.min(answer.left, rest.length);
        answer.left -= taken;
        answer.bytes += taken;
        rest = rest.subarray(taken);
        if (answer.left > 0) return;
      }
      // At the size of the next piece; its line end before it belongs to the last one.
      const line = /^(?:\r\n)?([0-9a-f]+)\r\n/i.exec(rest.toString('latin1', 0, 32));
      if (!line) {
        this.#pending = rest;
        return;
      }
      const size = Number.parseInt(line[1] ?? '', 16);
      if (size === 0) {
        if (rest.length < line[0].length + 2) {
          this.#pending = rest;
          return;
        }
        this.#end();
        return;
      }
      answer.left = size;
      rest = rest.subarray(line[0].length);
    }
  }

  #end(): void {
    const [answer, waiting] = [this.#answer, this.#waiting];
    this.#answer = null;
    this.#waiting = null;
    if (answer) waiting?.done({ status: answer.status, bytes: answer.bytes });
  }
}

export interface Load {
  /** Milliseconds from the planned send time to the last byte, ascending. */
  readonly latencies: readonly number[];
  readonly seconds: number;
  readonly bytes: number;
}

/** Requests at a steady rate, whatever becomes of those before: what has to wait for a connection waits on the clock. */
export async function openLoop(
  wires: readonly Wire[],
  path: (n: number) => string,
  rate: number,
  seconds: number,
): Promise<Load> {
  const total = Math.round(rate * seconds);
  const latencies: number[] = [];
  let bytes = 0;
  let next = 0;
  const free = [...wires];
  const began = performance.now();
  await new Promise<void>((done, failed) => {
    const send = (): void => {
      const due = Math.min(total, Math.floor(((performance.now() - began) / 1_000) * rate) + 1);
      while (next < due && free.length > 0) {
        // In turns, so that none is idle until the server hangs up.
        const wire = free.shift();
        if (!wire) break;
        const n = next++;
        const planned = began + (n / rate) * 1_000;
        wire.get(path(n)).then((answer) => {
          if (answer.status !== 200) return failed(new Error(`${path(n)} answered ${answer.status}`));
          latencies.push(performance.now() - planned);
          bytes += answer.bytes;
          free.push(wire);
          if (latencies.length === total) done();
          else send();
        }, failed);
      }
    };
    const timer = setInterval(() => {
      if (next >= total) clearInterval(timer);
      send();
    }, 1);
    send();
  });
  return { latencies: latencies.sort((a, b) => a - b), seconds: (performance.now() - began) / 1_000, bytes };
}

/** As many as get through: each connection asks again as soon as it has its answer. Requests a second. */
export async function closedLoop(
  wires: readonly Wire[],
  path: (n: number) => string,
  requests: number,
): Promise<number> {
  let left = requests;
  const began = performance.now();
  await Promise.all(
    wires.map(async (wire) => {
      while (left-- > 0) {
        const { status } = await wire.get(path(left));
        if (status !== 200) throw new Error(`${path(left)} answered ${status}`);
      }
    }),
  );
  return (requests * 1_000) / (performance.now() - began);
}
