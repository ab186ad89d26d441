/** What is written is read back by strict parsers of the formats, whatever the texts hold. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { recordContent } from '../record-content.ts';
import { record } from '../testing.ts';
import { cefEvent } from './cef.ts';
import { framed, structuredData, syslogMessage } from './frame.ts';
import { leefEvent } from './leef.ts';

// Properties are tried many times, on machines that have other work.
vi.setConfig({ testTimeout: 30_000 });

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('|', '\\', '=', '\t', '\r', '\n', ' ', 'n', 'r', 't', '"', ']', '[', 'a', 'é'),
  }),
);
const columns = fc.record({
  FileName: hostile,
  ProcessCommandLine: hostile,
  ActionType: hostile,
  RemotePort: fc.integer(),
  AdditionalFields: fc.dictionary(hostile, hostile),
});

/** Cuts at an unescaped sign; the escapes stay. @throws at a dangling escape */
function cut(text: string, at: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') {
      if (i + 1 >= text.length) throw new Error('a dangling escape');
      part += `${text[i]}${text[++i]}`;
    } else if (text[i] === at) {
      parts.push(part);
      part = '';
    } else part += text[i];
  }
  return [...parts, part];
}

function unescaped(text: string, table: Readonly<Record<string, string>>): string {
  return text.replace(/\\([\s\S])/g, (_, sign: string) => {
    const stands = table[sign];
    if (stands === undefined) throw new Error(`\\${sign} is no escape`);
    return stands;
  });
}

function parseCef(text: string): { header: string[]; fields: Map<string, string> } {
  if (/[\r\n]/.test(text)) throw new Error('a line end in the event');
  const parts = cut(text, '|');
  const [version = '', ...header] = parts.slice(0, 7);
  if (version !== 'CEF:0' || header.length !== 6) throw new Error('not a header');
  const extension = parts.slice(7).join('|');
  // A key begins the text or follows a space, and ends in an equals sign that is not escaped.
  const keys = [...extension.matchAll(/(?:^| )([A-Za-z0-9_]+)=/g)];
  const fields = new Map<string, string>();
  for (const [n, found] of keys.entries()) {
    const start = found.index + found[0].length;
    const raw = extension.slice(start, keys[n + 1]?.index ?? extension.length);
    if (/(?<!\\)(?:\\\\)*=/.test(raw)) throw new Error('an equals sign that is not escaped');
    fields.set(found[1] ?? '', unescaped(raw, { '\\': '\\', '=': '=', r: '\r', n: '\n' }));
  }
  return {
    header: header.map((part) => unescaped(part, { '\\': '\\', '|': '|' })),
    fields,
  };
}

function parseLeef(text: string): { header: string[]; fields: Map<string, string> } {
  if (/[\r\n]/.test(text)) throw new Error('a line end in the event');
  const parts = text.split('|');
  const header = parts.slice(0, 6);
  if (header[0] !== 'LEEF:2.0' || header[5] !== 'x09') throw new Error('not a header');
  const fields = new Map<string, string>();
  for (const attribute of parts.slice(6).join('|').split('\t')) {
    const at = attribute.indexOf('=');
    if (!/^[A-Za-z0-9]+$/.test(attribute.slice(0, at))) throw new Error('not a key');
    fields.set(
      attribute.slice(0, at),
      unescaped(attribute.slice(at + 1), { '\\': '\\', t: '\t', r: '\r', n: '\n' }),
    );
  }
  return { header, fields };
}

/** The grammar of RFC 5424, section 6. */
const MESSAGE =
  /^<(\d{1,3})>1 (\S+) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) - ([\x21-\x7e]{1,32}) \[([^\s=\]"]{1,32})((?: [^\s=\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] ([\s\S]*)$/;

describe('CEF', () => {
  it('reads back', () => {
    fc.assert(
      fc.property(columns, (more) => {
        const one = record(1, more);
        const { header, fields } = parseCef(cefEvent(one, recordContent(one)));
        expect(header).toEqual([
          'Merlon',
          'Merlon',
          '1',
          'DeviceProcessEvents',
          more.ActionType === '' ? 'DeviceProcessEvents' : more.ActionType.replace(/[\r\n]+/g, ' '),
          '1',
        ]);
        expect(fields.get('externalId')).toBe(one.id);
        expect(fields.get('rt')).toBe(String(Date.UTC(2026, 10, 25, 14, 0, 1, 123)));
        expect(fields.get('fname') ?? '').toBe(more.FileName);
        expect(fields.get('MerlonProcessCommandLine') ?? '').toBe(more.ProcessCommandLine);
        expect(fields.get('dpt')).toBe(String(more.RemotePort));
        expect(JSON.parse(fields.get('MerlonAdditionalFields') ?? '')).toEqual(
          JSON.parse(JSON.stringify(more.AdditionalFields)),
        );
      }),
    );
  });

  it('says how grave an alert is, and names it by its title', () => {
    const one = record(1, { Title: 'Mimikatz | seen', Severity: 'High' }, 'AlertInfo');
    expect(cefEvent(one, recordContent(one))).toMatch(
      /^CEF:0\|Merlon\|Merlon\|1\|AlertInfo\|Mimikatz \\\| seen\|9\|/,
    );
  });
});

describe('LEEF', () => {
  it('reads back', () => {
    fc.assert(
      fc.property(columns, (more) => {
        const one = record(1, more);
        const { header, fields } = parseLeef(leefEvent(one, recordContent(one)));
        expect(header[4]).toBe(
          more.ActionType === '' ? 'DeviceProcessEvents' : more.ActionType.replace(/[|\t\r\n]+/g, ' '),
        );
        expect(fields.get('recordId')).toBe(one.id);
        expect(fields.get('devTime')).toBe(String(Date.UTC(2026, 10, 25, 14, 0, 1, 123)));
        expect(fields.get('fileName') ?? '').toBe(more.FileName);
        expect(fields.get('MerlonProcessCommandLine') ?? '').toBe(more.ProcessCommandLine);
        expect(fields.get('dstPort')).toBe(String(more.RemotePort));
      }),
    );
  });
});

describe('a syslog message', () => {
  const header = {
    facility: 16,
    severity: 6,
    time: '2026-11-25T14:00:01.1234567Z',
    appName: 'merlon',
    messageId: 'DeviceNetworkEvents',
  };

  it('keeps to the grammar, and reads back', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (hostname, id, message) => {
        const text = syslogMessage(
          { ...header, hostname, structuredData: structuredData('merlon@32473', { id }) },
          message,
        ).toString();
        const found = MESSAGE.exec(text);
        expect(found).not.toBeNull();
        const [, priority, time, host, app, messageId, sdId, parameters = '', rest] = found ?? [];
        expect([priority, time, app, messageId, sdId]).toEqual([
          '134',
          '2026-11-25T14:00:01.123Z',
          'merlon',
          'DeviceNetworkEvents',
          'merlon@32473',
        ]);
        expect(host).toBe(hostname.replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-');
        const value = /^ id="([\s\S]*)"$/.exec(parameters)?.[1] ?? '';
        expect(Buffer.from(unescaped(value, { '"': '"', '\\': '\\', ']': ']' }))).toEqual(Buffer.from(id));
        expect(Buffer.from(rest ?? '')).toEqual(Buffer.from(message));
      }),
    );
  });

  it('is counted in bytes, and told apart again', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (texts) => {
        let stream = Buffer.concat(texts.map((text) => framed(Buffer.from(text), 'octet-counting')));
        const read: Buffer[] = [];
        while (stream.length > 0) {
          const space = stream.indexOf(' ');
          const length = Number(stream.subarray(0, space).toString());
          read.push(stream.subarray(space + 1, space + 1 + length));
          stream = stream.subarray(space + 1 + length);
        }
        expect(read).toEqual(texts.map((text) => Buffer.from(text)));
      }),
    );
  });
});
