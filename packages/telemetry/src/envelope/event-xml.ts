/**
 * Windows events as XML, one element `Event` or many of them: exports of a collector, Sysmon for Linux. Reads just what such events are made of (elements,
 * attributes, text, the five entities and character references); declarations, comments and processing instructions are passed over, and a document type
 * is not read at all, so nothing can be defined or fetched by it.
 */
import type { Fields } from '../mapping.ts';
import { moment } from '../read.ts';
import type { WindowsEvent } from './windows-event.ts';

/** Elements of an event lie this deep at most. */
const MAX_DEPTH = 32;
const MAX_FIELDS = 500;

/** An element as it is read, from text or from a log file. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** Null when it is not one well-formed event. */
export function readEventXml(xml: string): WindowsEvent | null {
  const root = parse(xml);
  return root === null ? null : eventOf(root);
}

/** Fields of an element `EventData` alone. */
export function readEventData(xml: string): Fields | null {
  const root = parse(xml);
  return root?.name === 'EventData' ? namedFields(root).named : null;
}

/** Where each event of a document begins and ends, without reading it. An event that does not end is given up to the end of the text. */
export function* splitEvents(xml: string): Generator<string> {
  const open = /<Event(?=[\s>])/g;
  for (let found = open.exec(xml); found !== null; found = open.exec(xml)) {
    const end = xml.indexOf('</Event>', found.index);
    if (end < 0) {
      yield xml.slice(found.index);
      return;
    }
    yield xml.slice(found.index, end + 8);
    open.lastIndex = end + 8;
  }
}

/** Null when it is not an event. */
export function eventOf(root: Element): WindowsEvent | null {
  if (root.name !== 'Event') return null;
  const system = child(root, 'System');
  if (system === null) return null;
  const idText = child(system, 'EventID')?.text.trim() ?? '';
  if (!/^\d{1,5}$/.test(idText)) return null;
  const data = child(root, 'EventData') ?? child(root, 'UserData')?.children[0] ?? null;
  const { named, inserts } = data === null ? { named: {}, inserts: [] } : namedFields(data);
  const record = child(system, 'EventRecordID')?.text.trim() ?? '';
  return {
    provider: child(system, 'Provider')?.attributes.Name ?? '',
    channel: child(system, 'Channel')?.text.trim() ?? '',
    eventId: Number(idText),
    computer: child(system, 'Computer')?.text.trim() ?? '',
    time: moment(child(system, 'TimeCreated')?.attributes.SystemTime),
    recordId: /^[1-9]\d{0,19}$/.test(record) ? record : null,
    data: named,
    writer: {
      process: child(system, 'Execution')?.attributes.ProcessID,
      user: child(system, 'Security')?.attributes.UserID,
    },
    inserts: inserts.length > 0 ? inserts : null,
    message: child(child(root, 'RenderingInfo'), 'Message')?.text ?? null,
  };
}

function child(parent: Element | null, name: string): Element | null {
  return parent?.children.find((one) => one.name === name) ?? null;
}

/** `<Data Name="x">…</Data>`, or in UserData elements that are the fields' names. */
function namedFields(holder: Element): { named: Record<string, unknown>; inserts: string[] } {
  const named: Record<string, unknown> = {};
  const inserts: string[] = [];
  for (const { name, attributes, text } of holder.children.slice(0, MAX_FIELDS)) {
    if (name !== 'Data') named[name] = text;
    else if (attributes.Name !== undefined) named[attributes.Name] = text;
    else inserts.push(text);
  }
  return { named, inserts };
}

const NAME = /[A-Za-z_][\w.:-]*/y;

function parse(xml: string): Element | null {
  const open: Element[] = [];
  let root: Element | null = null;
  let at = 0;
  while (at < xml.length) {
    const tag = xml.indexOf('<', at);
    const top = open.at(-1);
    if (tag !== at && top) {
      const upTo = tag < 0 ? xml.length : tag;
      top.text += unescaped(xml.slice(at, upTo));
    }
    if (tag < 0) break;
    at = tag + 1;
    if (xml.startsWith('!--', at)) {
      at = after(xml, '-->', at);
    } else if (xml.startsWith('![CDATA[', at)) {
      const end = xml.indexOf(']]>', at);
      if (end < 0 || !top) return null;
      top.text += xml.slice(at + 8, end);
      at = end + 3;
    } else if (xml.startsWith('?', at)) {
      at = after(xml, '?>', at);
    } else if (xml.startsWith('!', at)) {
      return null;
    } else if (xml.startsWith('/', at)) {
      const end = xml.indexOf('>', at);
      const closed = open.pop();
      if (end < 0 || closed?.name !== localName(xml.slice(at + 1, end).trim())) return null;
      at = end + 1;
      if (open.length === 0) return root;
    } else {
      const read = readTag(xml, at);
      if (read === null || open.length >= MAX_DEPTH) return null;
      const element: Element = { name: read.name, attributes: read.attributes, children: [], text: '' };
      if (top) top.children.push(element);
      else if (root !== null) return null;
      root ??= element;
      at = read.end;
      if (!read.empty) open.push(element);
      else if (open.length === 0) return root;
    }
    if (at < 0) return null;
  }
  return null;
}

function readTag(
  xml: string,
  start: number,
): { name: string; attributes: Record<string, string>; end: number; empty: boolean } | null {
  NAME.lastIndex = start;
  const name = NAME.exec(xml)?.[0];
  if (name === undefined) return null;
  const attributes: Record<string, string> = {};
  let at = start + name.length;
  for (;;) {
    while (isBlank(xml.charCodeAt(at))) at++;
    if (xml.startsWith('/>', at)) return { name: localName(name), attributes, end: at + 2, empty: true };
    if (xml[at] === '>') return { name: localName(name), attributes, end: at + 1, empty: false };
    NAME.lastIndex = at;
    const attribute = NAME.exec(xml)?.[0];
    if (attribute === undefined) return null;
    at += attribute.length;
    while (isBlank(xml.charCodeAt(at))) at++;
    if (xml[at] !== '=') return null;
    at += 1;
    while (isBlank(xml.charCodeAt(at))) at++;
    const quote = xml[at];
    if (quote !== '"' && quote !== "'") return null;
    const end = xml.indexOf(quote, at + 1);
    if (end < 0) return null;
    attributes[localName(attribute)] = unescaped(xml.slice(at + 1, end));
    at = end + 1;
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

function after(xml: string, mark: string, from: number): number {
  const at = xml.indexOf(mark, from);
  return at < 0 ? -1 : at + mark.length;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const LAST_CODE_POINT = 0x10ffff;

function unescaped(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,4});/gi, (whole, what: string) => {
    if (!what.startsWith('#')) return ENTITIES[what] ?? whole;
    const code =
      what[1] === 'x' || what[1] === 'X' ? Number.parseInt(what.slice(2), 16) : Number(what.slice(1));
    // A row holds neither: what could not be kept is left as it was written.
    return code === 0 || code > LAST_CODE_POINT || (code >= 0xd800 && code <= 0xdfff)
      ? whole
      : String.fromCodePoint(code);
  });
}
