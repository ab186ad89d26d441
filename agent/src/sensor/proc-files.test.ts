import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressOf,
  containerIdOf,
  parseCgroupPath,
  parseCommandLine,
  parseListeners,
  parseNamespaceLink,
  parseStat,
} from './proc-files.ts';

describe('/proc', () => {
  it('reads stat even when the name holds parentheses and spaces', () => {
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const stat = parseStat(`77 (a) b (c) S ${[5, 6, 7, ...numbers].join(' ')}\n`);
    expect(stat).toMatchObject({ comm: 'a) b (c', state: 'S', parentPid: 5, session: 7, startTicks: 15 });
    fc.assert(fc.property(fc.string(), (text) => void parseStat(text)));
  });

  it('joins a command line', () => {
    expect(parseCommandLine(Buffer.from('sh\0-c\0echo a\0\0'))).toBe('sh -c echo a');
    expect(parseCommandLine(Buffer.alloc(0))).toBe('');
  });

  it('finds the container in a cgroup path', () => {
    const id = '0123456789abcdef'.repeat(4);
    for (const path of [
      `/docker/${id}`,
      `/system.slice/docker-${id}.scope`,
      `/kubepods/burstable/podx/cri-containerd-${id}.scope`,
    ])
      expect(containerIdOf(path)).toBe(id);
    expect(containerIdOf('/system.slice/ssh.service')).toBeNull();
    expect(parseCgroupPath('9:name=systemd:/x\n0::/system.slice/y\n')).toBe('/system.slice/y');
  });

  it('reads listening sockets of both families', () => {
    const line = (n: number, local: string, state: string, inode: number): string =>
      `   ${n}: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100`;
    const v4 = parseListeners(
      ['  sl', line(0, '0100007F:1F90', '0A', 55), line(1, '0100007F:1F91', '01', 56)].join('\n'),
      4,
    );
    expect(v4.map((s) => [addressOf(s), s.port, s.inode])).toEqual([['127.0.0.1', 8080, 55]]);
    const v6 = parseListeners(
      ['  sl', line(0, '00000000000000000000000001000000:0016', '0A', 57)].join('\n'),
      6,
    );
    expect(v6.map((s) => [addressOf(s), s.port])).toEqual([['::1', 22]]);
    expect(parseNamespaceLink('net:[4026531840]')).toBe(4026531840);
  });
});
