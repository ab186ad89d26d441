/**
 * The logon source: the kernel's audit multicast, without any audit rule. PAM, sshd, sudo and the account tools send their records to the kernel;
 * whoever may read the multicast sees them, beside an audit daemon or without one.
 */
import { closeSync, openSync } from 'node:fs';
import { AUDIT_TYPE, type AuditRecord, parseAuditRecord } from './audit-records.ts';
import type { BootMark } from './boot-mark.ts';
import type { Poller } from './poller.ts';
import { listPids, netnsOf } from './proc-files.ts';
import { openReceiver, receiveAll } from './receiver.ts';
import { AF, CLONE_NEWNET, SO, SOCK, SOL_SOCKET, type SystemCalls } from './system-calls.ts';

const NETLINK_AUDIT = 9;
const READ_LOG_GROUP = 1;
const HEADER = 16;
const REQUEST = 1;
const ACKNOWLEDGE = 4;
const NLMSG_ERROR = 2;
const AUDIT_GET = 1000;
const AUDIT_SET = 1001;
const STATUS_ENABLED = 1;
const OFF = 0;
const ON = 1;
const STATUS_BYTES = 44;
const RECEIVE_BYTES = 4 * 1024 * 1024;

export interface AuditSourceDeps {
  calls: SystemCalls;
  poller: Poller;
  take: (record: AuditRecord) => void;
  /** The text of the self-test's record. */
  canary: string;
  /** Remembers, until the next boot, that auditing was off and an agent turned it on. */
  mark: BootMark;
}

function netlinkMessage(type: number, flags: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(HEADER + payload.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(1, 8);
  return Buffer.concat([header, payload]);
}

function netlinkAddress(groups: number): Buffer {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF.netlink, 0);
  address.writeUInt32LE(groups, 8);
  return address;
}

/**
 * Path of the first network namespace, or null when the agent is in it. The first process has it; where that may not be looked at, it is
 * the one of the lowest number among all in use, as numbers are given out in order.
 */
function firstNetworkNamespace(): string | null {
  const own = netnsOf('self');
  let lowest = { pid: 0, number: netnsOf(1) };
  if (lowest.number === 0) {
    lowest = { pid: 0, number: own };
    for (const pid of listPids()) {
      const number = netnsOf(pid);
      if (number !== 0 && number < lowest.number) lowest = { pid, number };
    }
  }
  return lowest.number === own ? null : `/proc/${lowest.pid || 1}/ns/net`;
}

export class AuditSource {
  #d: AuditSourceDeps;
  #fd = -1;
  #buffer = Buffer.allocUnsafe(64 * 1024);
  readonly counts = { records: 0, lost: 0 };
  witnessed = false;
  /** True when auditing was off in the kernel and this source, or one before it that was killed, turned it on. */
  turnedOn = false;

  constructor(deps: AuditSourceDeps) {
    this.#d = deps;
  }

  /** @throws with the reason. */
  open(): void {
    const { calls, poller } = this.#d;
    this.turnedOn = this.#ensureEnabled();
    this.#fd = this.#inFirstNetworkNamespace(() =>
      openReceiver(calls, {
        what: 'audit multicast',
        family: AF.netlink,
        type: SOCK.raw,
        protocol: NETLINK_AUDIT,
        address: netlinkAddress(READ_LOG_GROUP),
        bufferBytes: RECEIVE_BYTES,
        denied: 'the audit log may not be read: CAP_AUDIT_READ is missing',
      }),
    );
    poller.add(this.#fd, () => this.#read());
  }

  /** The multicast reaches only the machine's first network namespace; the thread visits it for the moment of opening the socket. */
  #inFirstNetworkNamespace(openSocket: () => number): number {
    const { calls } = this.#d;
    const first = firstNetworkNamespace();
    if (first === null) return openSocket();
    const own = openSync('/proc/thread-self/ns/net', 'r');
    const target = openSync(first, 'r');
    try {
      if (calls.setNamespace(target, CLONE_NEWNET) !== 0)
        throw new Error(`entering the first network namespace: ${calls.errorName(calls.errno())}`);
      let fd = -1;
      let failure: unknown = null;
      try {
        fd = openSocket();
      } catch (error) {
        failure = error;
      }
      // The descriptor was made by us and is open: this cannot fail short of the kernel being out of memory.
      if (calls.setNamespace(own, CLONE_NEWNET) !== 0)
        throw new Error('the thread could not return to its network namespace');
      if (failure !== null) throw failure;
      return fd;
    } finally {
      closeSync(target);
      closeSync(own);
    }
  }

  /** A command to the audit system, on a socket of its own. The kernel answers from a thread of its own, within a millisecond: waited for. */
  #command<T>(
    type: number,
    payload: Buffer,
    flags: number,
    answer: (type: number, body: Buffer) => T | undefined,
  ): T {
    const { calls } = this.#d;
    const fd = calls.socket(AF.netlink, SOCK.raw | SOCK.cloexec, NETLINK_AUDIT);
    if (fd < 0) throw new Error(`audit socket: ${calls.errorName(calls.errno())}`);
    const patience = Buffer.alloc(16);
    patience.writeBigInt64LE(1n, 0);
    calls.setSocketOption(fd, SOL_SOCKET, SO.receiveTimeout, patience);
    try {
      if (calls.bind(fd, netlinkAddress(0)) < 0 || calls.send(fd, netlinkMessage(type, flags, payload)) < 0)
        throw new Error(`audit command ${type}: ${calls.errorName(calls.errno())}`);
      for (;;) {
        const n = calls.recvWaiting(fd, this.#buffer);
        if (n < 0) throw new Error(`audit command ${type}: ${calls.errorName(calls.errno())}`);
        if (n < HEADER) continue;
        const got = this.#buffer.readUInt16LE(4);
        const body = Buffer.from(this.#buffer.subarray(HEADER, n));
        if (got === NLMSG_ERROR && body.length >= 4 && body.readInt32LE(0) !== 0)
          throw new Error(`audit command ${type}: ${calls.errorName(-body.readInt32LE(0))}`);
        const result = answer(got, body);
        if (result !== undefined) return result;
      }
    } finally {
      calls.close(fd);
    }
  }

  /** Without this the kernel drops what PAM sends. What was found off is turned off again at the end, also by a later start if this one is killed. */
  #ensureEnabled(): boolean {
    const { mark } = this.#d;
    const { enabled } = this.#status();
    if (enabled !== OFF) return mark.is();
    // First the mark: killed in between, the next start takes what is on for its own only if this one meant to turn it on.
    mark.set(true);
    this.#setEnabled(ON);
    return true;
  }

  /** Leaves auditing on where an audit daemon came to rely on it, or somebody locked it. */
  #restore(): void {
    const { enabled, daemonPid } = this.#status();
    if (enabled === ON && daemonPid === 0) this.#setEnabled(OFF);
    this.#d.mark.set(false);
    this.turnedOn = false;
  }

  #status(): { enabled: number; daemonPid: number } {
    return this.#command(AUDIT_GET, Buffer.alloc(0), REQUEST, (type, body) =>
      type === AUDIT_GET && body.length >= 16
        ? { enabled: body.readUInt32LE(4), daemonPid: body.readUInt32LE(12) }
        : undefined,
    );
  }

  #setEnabled(enabled: number): void {
    const status = Buffer.alloc(STATUS_BYTES);
    status.writeUInt32LE(STATUS_ENABLED, 0);
    status.writeUInt32LE(enabled, 4);
    this.#command(AUDIT_SET, status, REQUEST | ACKNOWLEDGE, (type) =>
      type === NLMSG_ERROR ? true : undefined,
    );
  }

  /** Sends a record of no meaning, that must come back through the multicast. @throws when it may not be sent. */
  sendCanary(): void {
    const text = Buffer.from(`op=${this.#d.canary} res=success\0`);
    this.#command(AUDIT_TYPE.test, text, REQUEST | ACKNOWLEDGE, (type) =>
      type === NLMSG_ERROR ? true : undefined,
    );
  }

  #read(): void {
    this.counts.lost += receiveAll(this.#d.calls, this.#fd, this.#buffer, (n) => {
      if (n <= HEADER) return;
      // The multicast's own length field leaves out the header: the datagram's length is right.
      const record = parseAuditRecord(this.#buffer.readUInt16LE(4), this.#buffer.toString('utf8', HEADER, n));
      if (record === null) return;
      if (record.type !== AUDIT_TYPE.test) this.#d.take(record);
      else if (record.message.get('op') === this.#d.canary) this.witnessed = true;
    });
  }

  /** @throws when auditing, turned on by us, could not be turned off again. */
  close(): void {
    if (this.#fd < 0) return;
    this.#d.poller.remove(this.#fd);
    this.#d.calls.close(this.#fd);
    this.#fd = -1;
    if (this.turnedOn) this.#restore();
  }
}
