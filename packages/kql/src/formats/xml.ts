/** What is read: elements, attributes and text; comments, instructions and declarations are skipped. */

const maxBytes = 1_048_576;
const maxDepth = 200;

interface Element {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: Element[];
  text: string;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[String(name)] ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

const skipped = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!DOCTYPE[^>[]*(?:\[[\s\S]*?\])?[^>]*>/y;
const cdata = /<!\[CDATA\[([\s\S]*?)\]\]>/y;
const closing = /<\/([^\s>]+)\s*>/y;
const opening = /<([A-Za-z_:\u0080-\uffff][^\s/>]*)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const attribute = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

function attributesOf(written: string): (readonly [string, string])[] {
  return [...written.matchAll(attribute)].map(([, name = '', quoted, apostrophes]) => [
    name,
    decoded(quoted ?? apostrophes ?? ''),
  ]);
}

/** The one element of a document; undefined for what is no well-formed document. */
function parse(xml: string): Element | undefined {
  const root: Element = { name: '', attributes: [], children: [], text: '' };
  const open = [root];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(xml);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < xml.length) {
    const current = open.at(-1);
    if (current === undefined) return undefined;
    const next = xml.indexOf('<', at);
    if (next !== at) {
      current.text += decoded(xml.slice(at, next < 0 ? xml.length : next));
      at = next < 0 ? xml.length : next;
      continue;
    }
    if (take(skipped) !== null) continue;
    const raw = take(cdata);
    if (raw !== null) {
      current.text += raw[1] ?? '';
      continue;
    }
    const closed = take(closing);
    if (closed !== null) {
      if (open.length < 2 || current.name !== closed[1]) return undefined;
      open.pop();
      continue;
    }
    const opened = take(opening);
    if (opened === null || open.length > maxDepth) return undefined;
    const element: Element = {
      name: opened[1] ?? '',
      attributes: attributesOf(opened[2] ?? ''),
      children: [],
      text: '',
    };
    current.children.push(element);
    if (opened[3] !== '/') open.push(element);
  }
  const [only, ...others] = root.children;
  return open.length === 1 && others.length === 0 && root.text.trim() === '' ? only : undefined;
}

/** A text that is written as a number is one. */
function textJson(text: string): string {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? text : JSON.stringify(text);
}

function elementJson(element: Element): string {
  const text = element.text.trim();
  if (element.attributes.length === 0 && element.children.length === 0)
    return text === '' ? 'null' : textJson(text);
  const members = element.attributes.map(
    ([name, value]) => `${JSON.stringify(`@${name}`)}:${JSON.stringify(value)}`,
  );
  if (text !== '') members.push(`"#text":${textJson(text)}`);
  const byName = new Map<string, string[]>();
  for (const child of element.children) {
    const alike = byName.get(child.name) ?? [];
    alike.push(elementJson(child));
    byName.set(child.name, alike);
  }
  for (const [name, values] of byName) {
    const value = values.length === 1 ? values[0] : `[${values.join(',')}]`;
    members.push(`${JSON.stringify(name)}:${value}`);
  }
  return `{${members.join(',')}}`;
}

/** An XML document as JSON text, as `parse_xml` gives it; '' for what is no such document or is too long. */
export function jsonOfXml(xml: string): string {
  if (xml.trim() === '' || Buffer.byteLength(xml) > maxBytes) return '';
  const element = parse(xml.replace(/^\ufeff/, ''));
  return element === undefined ? '' : `{${JSON.stringify(element.name)}:${elementJson(element)}}`;
}
