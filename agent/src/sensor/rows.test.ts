import { describe, expect, it } from 'vitest';
import { decodeRecord, type ExecRecord, type TcpRecord } from './bpf-records.ts';
import { parseDatagram, parseDnsAnswer } from './dns-message.ts';
import { dnsRow } from './dns-source.ts';
import { meaningOf, networkRow } from './network-rows.ts';
import { processCreatedRow } from './process-rows.ts';
import { type ProcessRecord, ProcessTable } from './process-table.ts';
import {
  additionalFields,
  ipType,
  processUniqueId,
  setHashes,
  setInitiatingHashes,
  setInitiatingProcess,
} from './rows.ts';
import { execRecord, refusal, tcpRecord } from './test-samples.ts';

const T = '2026-11-24T00:00:00.0000000Z';
const context = {
  accountName: (uid: number) => (uid === 0 ? 'root' : `u${uid}`),
  accountDomain: 'host',
  bootId: 'abcdef01-2345',
};

function processes(): { parent: ProcessRecord; child: ProcessRecord; exec: ExecRecord } {
  const table = new ProcessTable(() => T);
  const base = { uid: 0, session: 7, netns: 1, cgroup: 1 };
  const parent = table.seed(
    { ...base, pid: 10, start: 0, parentPid: 1, path: '/bin/sh', commandLine: 'sh -c x', inScope: true },
    null,
  );
  const bytes = execRecord({
    pid: 11,
    start: 5000,
    parentPid: 10,
    uid: 0,
    session: 7,
    path: ['ls', 'bin'],
    cwd: ['tmp'],
    args: ['ls', '-l'],
  });
  const exec = decodeRecord(bytes, 0, bytes.length);
  if (exec?.kind !== 'exec') throw new Error('no exec record');
  table.fork({ ...base, pid: 11, start: 5000, parentPid: 10 }, parent);
  const child = table.exec(
    11,
    5000,
    { ...base, path: exec.path, commandLine: exec.commandLine, file: null, fileSize: 1234 },
    table.find(11),
    { pid: 10, record: parent },
  );
  return { parent, child, exec };
}

const hashes = { sha1: 'a'.repeat(40), sha256: 'b'.repeat(64), md5: 'c'.repeat(32) };

describe('rows', () => {
  it('of a process name it, its file, its parent and who ran it', () => {
    const { child, exec } = processes();
    const row = processCreatedRow(context, T, child, exec, 'f'.repeat(64));
    setHashes(row, hashes);
    setInitiatingHashes(row, hashes);
    expect(refusal(row)).toBeNull();
    expect(row).toMatchObject({
      ActionType: 'ProcessCreated',
      FileName: 'ls',
      FolderPath: '/bin/ls',
      ProcessCommandLine: 'ls -l',
      ProcessId: 11,
      AccountName: 'root',
      AccountDomain: 'host',
      LogonId: 7,
      FileSize: 1234,
      InitiatingProcessId: 10,
      InitiatingProcessFileName: 'sh',
      InitiatingProcessFolderPath: '/bin/sh',
      InitiatingProcessCommandLine: 'sh -c x',
      InitiatingProcessParentId: 1,
      InitiatingProcessLogonId: 7,
      SHA256: hashes.sha256,
      InitiatingProcessSHA1: hashes.sha1,
    });
    expect(JSON.parse(String(row.AdditionalFields))).toEqual({
      CurrentWorkingDirectory: '/tmp',
      Terminal: 'pts/3',
      ContainerId: 'f'.repeat(64),
    });
  });

  it('of a process say what is special about it', () => {
    const { child, exec } = processes();
    const row = processCreatedRow(
      context,
      T,
      child,
      { ...exec, unlinked: true, argumentsCut: true, argumentBytes: 99_999, loginUid: 1000, euid: 5 },
      '',
    );
    expect(JSON.parse(String(row.AdditionalFields))).toMatchObject({
      FileDeleted: true,
      CommandLineBytes: 99_999,
      LoginAccountName: 'u1000',
      EffectiveAccountName: 'u5',
    });
  });

  it('of connections say which way and with whom', () => {
    const states: [number, number, string | null][] = [
      [7, 10, 'ListeningConnectionCreated'],
      [2, 1, 'ConnectionSuccess'],
      [3, 1, 'InboundConnectionAccepted'],
      [2, 7, 'ConnectionFailed'],
      [10, 7, 'ListenerClosed'],
      [1, 7, null],
      [1, 4, null],
    ];
    for (const [oldState, newState, meaning] of states) {
      const bytes = tcpRecord({ oldState, newState, error: 111 });
      const record = decodeRecord(bytes, 0, bytes.length) as TcpRecord;
      expect(meaningOf(record)).toBe(meaning);
      if (meaning === null || meaning === 'ListenerClosed') continue;
      const row = networkRow(T, meaning as 'ConnectionSuccess', record, 'example.com', (n) => `E${n}`);
      setInitiatingProcess(row, context, processes().parent);
      expect(refusal(row)).toBeNull();
      expect(row).toMatchObject({
        ActionType: meaning,
        LocalIP: '10.0.0.2',
        LocalPort: 40000,
        LocalIPType: 'Private',
      });
      expect(row.RemoteIP).toBe(meaning === 'ListeningConnectionCreated' ? undefined : '192.0.2.7');
      // A name that we looked up says nothing about who came in.
      expect(row.RemoteUrl).toBe(
        meaning === 'ConnectionSuccess' || meaning === 'ConnectionFailed' ? 'example.com' : undefined,
      );
      expect(row.AdditionalFields).toBe(meaning === 'ConnectionFailed' ? '{"Error":"E111"}' : undefined);
    }
  });

  it('of DNS answers carry question, status and records', () => {
    const packet = Buffer.from(
      '4500003f000100004011000008080808c0000202003582350029000012348180000100010000000001610474657374000001000 1c00c000100010000003c0004c0000209'.replaceAll(
        ' ',
        '',
      ),
      'hex',
    );
    const datagram = parseDatagram(packet);
    const answer = datagram === null ? null : parseDnsAnswer(datagram.payload);
    if (datagram === null || answer === null) throw new Error('not an answer');
    const row = dnsRow(T, answer, datagram);
    expect(refusal(row)).toBeNull();
    expect(row).toMatchObject({
      ActionType: 'DnsQueryResponse',
      RemoteUrl: 'a.test',
      RemoteIP: '8.8.8.8',
      LocalPort: 0x8235,
    });
    expect(JSON.parse(String(row.AdditionalFields))).toMatchObject({
      DnsQueryString: 'a.test',
      DnsQueryResult: [{ Name: 'a.test', Type: 'A', Ttl: 60, Result: '192.0.2.9' }],
    });
  });

  it('leave an empty column empty', () => {
    expect(additionalFields({ a: undefined, b: null, c: '' })).toBeUndefined();
    expect(additionalFields({ a: undefined, n: 0, f: false })).toBe('{"n":0,"f":false}');
  });

  it('name a process for good', () => {
    expect(processUniqueId(context, { pid: 5, start: 1000 })).not.toBe(
      processUniqueId(context, { pid: 5, start: 1001 }),
    );
  });
});

describe('address classes', () => {
  it.each([
    ['127.0.0.1', 'Loopback'],
    ['::1', 'Loopback'],
    ['10.1.2.3', 'Private'],
    ['172.31.0.1', 'Private'],
    ['172.32.0.1', 'Public'],
    ['192.168.0.9', 'Private'],
    ['fd00::2', 'Private'],
    ['255.255.255.255', 'Broadcast'],
    ['169.254.1.1', 'Reserved'],
    ['100.64.0.1', 'Reserved'],
    ['224.0.0.1', 'Reserved'],
    ['0.0.0.0', 'Reserved'],
    ['fe80::1', 'Reserved'],
    ['::', 'Reserved'],
    ['8.8.8.8', 'Public'],
    ['2606:4700::1111', 'Public'],
    ['2001::1', 'Teredo'],
    ['2001:0:5ef5:79fd::1', 'Teredo'],
    ['2001:4860:4860::8888', 'Public'],
    ['::ffff:1.2.3.4', 'FourToSixMapping'],
  ])('%s is %s', (ip, type) => {
    expect(ipType(ip)).toBe(type);
  });
});
