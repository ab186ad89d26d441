import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDatagram, parseDnsAnswer } from './dns-message.ts';

const name = (text: string): Buffer =>
  Buffer.concat([
    ...text.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);

function header(answers: number, flags = 0x8180): Buffer {
  const b = Buffer.alloc(12);
  b.writeUInt16BE(0xbeef, 0);
  b.writeUInt16BE(flags, 2);
  b.writeUInt16BE(1, 4);
  b.writeUInt16BE(answers, 6);
  return b;
}

function record(owner: Buffer, type: number, data: Buffer, ttl = 60): Buffer {
  const b = Buffer.alloc(10);
  b.writeUInt16BE(type, 0);
  b.writeUInt16BE(1, 2);
  b.writeUInt32BE(ttl, 4);
  b.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, b, data]);
}

const question = (text: string, type = 1): Buffer =>
  Buffer.concat([name(text), Buffer.from([0, type, 0, 1])]);
const pointer = Buffer.from([0xc0, 12]);

describe('DNS answers', () => {
  it('are read through aliases and compression', () => {
    const answer = parseDnsAnswer(
      Buffer.concat([
        header(3),
        question('WWW.Example.com'),
        record(pointer, 5, name('cdn.example.net')),
        record(name('cdn.example.net'), 1, Buffer.from([192, 0, 2, 9])),
        record(name('cdn.example.net'), 28, Buffer.from('20010db8000000000000000000000009', 'hex'), 5),
      ]),
    );
    expect(answer).toEqual({
      id: 0xbeef,
      question: 'www.example.com',
      questionType: 'A',
      status: 'NOERROR',
      answers: [
        { name: 'www.example.com', type: 'CNAME', ttl: 60, data: 'cdn.example.net' },
        { name: 'cdn.example.net', type: 'A', ttl: 60, data: '192.0.2.9' },
        { name: 'cdn.example.net', type: 'AAAA', ttl: 5, data: '2001:db8::9' },
      ],
    });
  });

  it('tell a name that does not exist', () => {
    expect(parseDnsAnswer(Buffer.concat([header(0, 0x8183), question('nope.test')]))).toMatchObject({
      status: 'NXDOMAIN',
      answers: [],
    });
  });

  it('are not questions, and stop at damage', () => {
    expect(parseDnsAnswer(Buffer.concat([header(0, 0x0100), question('a.test')]))).toBeNull();
    const cut = Buffer.concat([
      header(2),
      question('a.test'),
      record(pointer, 1, Buffer.from([1, 2, 3, 4])),
      Buffer.from([0xc0]),
    ]);
    expect(parseDnsAnswer(cut)?.answers).toHaveLength(1);
  });

  it('do not follow pointers in a circle or forwards', () => {
    const circle = Buffer.concat([header(0), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
    expect(parseDnsAnswer(circle)).toBeNull();
  });

  it('keep odd bytes of a name from looking like others', () => {
    const odd = Buffer.concat([header(0), Buffer.from([3, 97, 46, 0, 0, 0, 1, 0, 1])]);
    expect(parseDnsAnswer(odd)?.question).toBe('a\\046\\000');
  });

  it('never throw or hang, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        parseDnsAnswer(Buffer.concat([header(40), Buffer.from(bytes)]));
        parseDnsAnswer(Buffer.from(bytes));
        parseDatagram(Buffer.from(bytes));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('datagrams', () => {
  it('are taken out of IPv4 with options, and of IPv6', () => {
    const v4 = Buffer.alloc(24 + 8 + 3);
    v4[0] = 0x46;
    v4[9] = 17;
    Buffer.from([192, 0, 2, 53, 10, 0, 0, 2]).copy(v4, 12);
    v4.writeUInt16BE(53, 24);
    v4.writeUInt16BE(40001, 26);
    v4.write('abc', 32);
    expect(parseDatagram(v4)).toMatchObject({
      source: '192.0.2.53',
      destination: '10.0.0.2',
      destinationPort: 40001,
    });
    expect(parseDatagram(v4)?.payload.toString()).toBe('abc');
    v4.writeUInt16BE(1, 6);
    expect(parseDatagram(v4)).toBeNull();
  });
});
