/**
 * The DNS source: answers of name servers as they arrive, on any interface of the agent's network namespace. They teach which name an address belongs
 * to, and are reported. A packet has no process: who asked is not known here.
 */
import { type Datagram, type DnsAnswer, parseDatagram, parseDnsAnswer } from './dns-message.ts';
import type { NameCache } from './name-cache.ts';
import type { Poller } from './poller.ts';
import { openReceiver, receiveAll } from './receiver.ts';
import type { RowSink } from './row-sink.ts';
import { additionalFields } from './rows.ts';
import type { SensorRow } from './sensor.ts';
import { AF, SOCK, type SystemCalls } from './system-calls.ts';

export interface DnsSourceDeps {
  calls: SystemCalls;
  poller: Poller;
  sink: RowSink;
  names: NameCache;
  /** {@link SensorOptions.resolved} */
  resolved?: (address: string, name: string, ttlSeconds: number) => void;
  nowMs: () => number;
  timestamp: (ms: number) => string;
}

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;
const DNS_PORT = 53;
/** One answer is seen again on each bridge and tunnel it passes. */
const SAME_ANSWER_MS = 2000;
const MAX_REMEMBERED = 1024;
const RECEIVE_BYTES = 2 * 1024 * 1024;

/** An instruction of the classic packet filter: code, true jump, false jump, constant. */
type Instruction = readonly [number, number, number, number];

function assemble(program: readonly Instruction[]): Buffer {
  const b = Buffer.alloc(program.length * 8);
  program.forEach(([code, jt, jf, k], i) => {
    b.writeUInt16LE(code, i * 8);
    b.writeUInt8(jt, i * 8 + 2);
    b.writeUInt8(jf, i * 8 + 3);
    b.writeUInt32LE(k, i * 8 + 4);
  });
  return b;
}

const LOAD_BYTE = 0x30;
const LOAD_HALF = 0x28;
const LOAD_HALF_INDEXED = 0x48;
const LOAD_HEADER_LENGTH = 0xb1;
const JUMP_EQUAL = 0x15;
const JUMP_BITS = 0x45;
const RETURN = 0x06;
const WHOLE = 0xffff;

/** UDP from port 53, unfragmented. Offsets are from the start of the IP header. */
export const FILTERS = {
  ipv4: assemble([
    [LOAD_BYTE, 0, 0, 9],
    [JUMP_EQUAL, 0, 6, 17],
    [LOAD_HALF, 0, 0, 6],
    [JUMP_BITS, 4, 0, 0x1fff],
    [LOAD_HEADER_LENGTH, 0, 0, 0],
    [LOAD_HALF_INDEXED, 0, 0, 0],
    [JUMP_EQUAL, 0, 1, DNS_PORT],
    [RETURN, 0, 0, WHOLE],
    [RETURN, 0, 0, 0],
  ]),
  ipv6: assemble([
    [LOAD_BYTE, 0, 0, 6],
    [JUMP_EQUAL, 0, 3, 17],
    [LOAD_HALF, 0, 0, 40],
    [JUMP_EQUAL, 0, 1, DNS_PORT],
    [RETURN, 0, 0, WHOLE],
    [RETURN, 0, 0, 0],
  ]),
} as const;

/** The row of an answer. Pure. */
export function dnsRow(timestamp: string, answer: DnsAnswer, datagram: Datagram): SensorRow {
  const row: SensorRow = {
    Table: 'DeviceEvents',
    Timestamp: timestamp,
    ActionType: 'DnsQueryResponse',
    RemoteUrl: answer.question,
    RemoteIP: datagram.source,
    RemotePort: DNS_PORT,
    LocalIP: datagram.destination,
    LocalPort: datagram.destinationPort,
  };
  const extra = additionalFields({
    DnsQueryString: answer.question,
    DnsQueryType: answer.questionType,
    DnsQueryStatus: answer.status,
    DnsQueryResult: answer.answers.map((a) => ({ Name: a.name, Type: a.type, Ttl: a.ttl, Result: a.data })),
  });
  if (extra !== undefined) row.AdditionalFields = extra;
  return row;
}

export class DnsSource {
  #d: DnsSourceDeps;
  #fds: number[] = [];
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #recent = new Map<string, number>();
  readonly counts = { answers: 0, lost: 0, malformed: 0 };

  constructor(deps: DnsSourceDeps) {
    this.#d = deps;
  }

  /** @throws with the reason. */
  open(): void {
    for (const family of ['ipv4', 'ipv6'] as const) {
      try {
        this.#fds.push(this.#socket(ETHERTYPE[family], FILTERS[family]));
      } catch (error) {
        this.close();
        throw error;
      }
    }
    for (const fd of this.#fds) this.#d.poller.add(fd, () => this.#read(fd));
  }

  #socket(ethertype: number, filter: Buffer): number {
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF.packet, 0);
    address.writeUInt16BE(ethertype, 2);
    return openReceiver(this.#d.calls, {
      what: 'packet socket',
      family: AF.packet,
      type: SOCK.datagram,
      protocol: 0,
      address,
      bufferBytes: RECEIVE_BYTES,
      filter,
    });
  }

  drain(): void {
    for (const fd of this.#fds) this.#read(fd);
  }

  #read(fd: number): void {
    this.counts.lost += receiveAll(this.#d.calls, fd, this.#buffer, (n) =>
      this.take(this.#buffer.subarray(0, n)),
    );
  }

  /** One IP packet. */
  take(packet: Buffer): void {
    const { sink, names, resolved, nowMs, timestamp } = this.#d;
    const datagram = parseDatagram(packet);
    const answer = datagram === null ? null : parseDnsAnswer(datagram.payload);
    if (datagram === null || answer === null) {
      this.counts.malformed++;
      return;
    }
    const now = nowMs();
    const key = `${answer.id} ${datagram.destination} ${datagram.destinationPort} ${answer.questionType} ${answer.question}`;
    const before = this.#recent.get(key);
    if (before !== undefined && now - before < SAME_ANSWER_MS) return;
    this.#recent.delete(key);
    this.#recent.set(key, now);
    if (this.#recent.size > MAX_REMEMBERED) {
      const [oldest] = this.#recent.keys();
      if (oldest !== undefined) this.#recent.delete(oldest);
    }
    this.counts.answers++;
    for (const a of answer.answers)
      if ((a.type === 'A' || a.type === 'AAAA') && a.data !== '') {
        names.learn(a.data, answer.question, a.ttl, now);
        resolved?.(a.data, answer.question, a.ttl);
      }
    if (sink.allows('DeviceEvents')) sink.send(dnsRow(timestamp(now), answer, datagram), null, null);
  }

  close(): void {
    for (const fd of this.#fds) {
      this.#d.poller.remove(fd);
      this.#d.calls.close(fd);
    }
    this.#fds = [];
  }
}
