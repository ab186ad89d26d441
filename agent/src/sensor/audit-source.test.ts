import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuditSource } from './audit-source.ts';
import { bootMark } from './boot-mark.ts';
import { Poller } from './poller.ts';
import type { SystemCalls } from './system-calls.ts';

const AUDIT_GET = 1000;
const AUDIT_SET = 1001;
const NLMSG_ERROR = 2;

/** The audit system of a kernel, as far as its switch goes. */
class Kernel {
  enabled: number;
  daemonPid = 0;
  readonly calls: SystemCalls;
  #answer = Buffer.alloc(0);

  constructor(enabled: number) {
    this.enabled = enabled;
    const never = () => {
      throw new Error('not asked for here');
    };
    this.calls = {
      errno: () => 11,
      errorName: (errno) => `errno ${errno}`,
      close: () => 0,
      read: never,
      recv: () => -1,
      recvWaiting: (_fd, into) => this.#answer.copy(into),
      send: (_fd, message) => {
        this.#take(message);
        return message.length;
      },
      sendTo: never,
      socket: () => 100,
      bind: () => 0,
      setSocketOption: () => 0,
      attachFilter: never,
      eventFd: () => 101,
      wake: () => undefined,
      write: never,
      replace: never,
      pollWaiting: never,
      pollAsync: never,
      fanotifyInit: never,
      fanotifyMark: never,
      fanotifyMarkFile: never,
      fileSystemId: never,
      openByHandle: never,
      bytesWaiting: never,
      setNamespace: () => 0,
      bootNs: never,
      realtimeNs: never,
      pageSize: never,
      map: never,
    };
  }

  #take(message: Buffer): void {
    const type = message.readUInt16LE(4);
    const body = Buffer.alloc(44);
    if (type === AUDIT_GET) {
      body.writeUInt32LE(this.enabled, 4);
      body.writeUInt32LE(this.daemonPid, 12);
    } else if (type === AUDIT_SET) this.enabled = message.readUInt32LE(16 + 4);
    const header = Buffer.alloc(16);
    header.writeUInt16LE(type === AUDIT_GET ? AUDIT_GET : NLMSG_ERROR, 4);
    this.#answer = Buffer.concat([header, body]);
  }
}

describe('the switch of the audit system', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'merlon-audit-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (kernel: Kernel, boot = 'this boot') => {
    const source = new AuditSource({
      calls: kernel.calls,
      poller: new Poller(kernel.calls, () => undefined),
      take: () => undefined,
      canary: 'canary',
      mark: bootMark(join(folder, 'audit-turned-on'), boot),
    });
    source.open();
    return source;
  };

  it('is turned on where it was off, and off again at the end', () => {
    const kernel = new Kernel(0);
    const source = open(kernel);
    expect([kernel.enabled, source.turnedOn]).toEqual([1, true]);
    source.close();
    expect(kernel.enabled).toBe(0);
    expect(existsSync(join(folder, 'audit-turned-on'))).toBe(false);
  });

  it('is turned off by the next start’s end when this one is killed, within one boot', () => {
    const kernel = new Kernel(0);
    open(kernel);
    const next = open(kernel);
    expect([kernel.enabled, next.turnedOn]).toEqual([1, true]);
    next.close();
    expect(kernel.enabled).toBe(0);

    open(kernel);
    const booted = new Kernel(1);
    open(booted, 'another boot').close();
    expect(booted.enabled).toBe(1);
  });

  it.each([1, 2])('is left as it is where it was on (%d)', (enabled) => {
    const kernel = new Kernel(enabled);
    const source = open(kernel);
    expect(source.turnedOn).toBe(false);
    source.close();
    expect(kernel.enabled).toBe(enabled);
  });

  it('stays on for an audit daemon that came meanwhile, and when it was locked', () => {
    const kernel = new Kernel(0);
    const source = open(kernel);
    kernel.daemonPid = 77;
    source.close();
    expect(kernel.enabled).toBe(1);

    const locked = new Kernel(0);
    const before = open(locked);
    locked.enabled = 2;
    before.close();
    expect(locked.enabled).toBe(2);
  });
});
