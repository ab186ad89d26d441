/**
 * The devices connected to this server right now: one socket each. A second connection of the same device replaces the first, since the
 * device knows better than we do whether its old one still works.
 */
import type { ToDevice } from '@merlon/contract';
import type { WebSocket } from 'ws';

export const PING_EVERY_MS = 15_000;
export const SILENCE_LIMIT_MS = 45_000;
/** A device that does not read is cut off before its queue eats the server. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

interface Connection {
  readonly socket: WebSocket;
  heardAt: number;
}

export class ChannelHub {
  readonly #connections = new Map<string, Connection>();
  #timer: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#connections.size;
  }

  has(deviceId: string): boolean {
    return this.#connections.has(deviceId);
  }

  start(): void {
    this.#timer = setInterval(() => this.#beat(Date.now()), PING_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#connections.values()) socket.close(1001, 'the server stops');
  }

  add(deviceId: string, socket: WebSocket): void {
    this.#connections.get(deviceId)?.socket.close(4000, 'replaced by a newer connection');
    const connection = { socket, heardAt: Date.now() };
    this.#connections.set(deviceId, connection);
    const heard = () => {
      connection.heardAt = Date.now();
    };
    socket.on('pong', heard);
    socket.on('ping', heard);
    socket.on('message', heard);
    socket.on('close', () => {
      if (this.#connections.get(deviceId) === connection) this.#connections.delete(deviceId);
    });
  }

  /** False: the device is not connected to this server. */
  send(deviceId: string, frame: ToDevice): boolean {
    const connection = this.#connections.get(deviceId);
    if (!connection || connection.socket.readyState !== connection.socket.OPEN) return false;
    if (connection.socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      connection.socket.terminate();
      return false;
    }
    connection.socket.send(JSON.stringify(frame));
    return true;
  }

  #beat(now: number): void {
    for (const { socket, heardAt } of this.#connections.values()) {
      if (now - heardAt > SILENCE_LIMIT_MS) socket.terminate();
      else socket.ping();
    }
  }
}
