/** Resources as clients send them, in the names and types of their schema; and as they leave, with the attributes asked for. Pure. */
import { ScimError } from '@merlon/contract';
import { type Document, isDocument } from './match.ts';
import {
  type Attribute,
  commonAttributes,
  MOST_MEMBERS,
  MOST_TEXT,
  MOST_VALUES,
  named,
  type ResourceType,
  resolvePath,
} from './schema.ts';

/** What may be written of a body; what only the server writes, and passwords, are left out. @throws ScimError */
export function readResource(type: ResourceType, body: unknown): Document {
  if (!isDocument(body)) throw new ScimError('invalidSyntax', 'The body must be an object.');
  checkSchemas(type, body);
  const resource: Document = {};
  for (const [name, value] of Object.entries(body)) {
    const extension = type.extensions.find(({ id }) => id.toLowerCase() === name.toLowerCase());
    if (extension) {
      const own = readParts(extension.attributes, value, extension.id);
      if (Object.keys(own).length > 0) resource[extension.id] = own;
      continue;
    }
    const attribute = named([...commonAttributes, ...type.schema.attributes], name);
    if (!attribute) {
      if (isUnassigned(value)) continue;
      throw new ScimError('invalidSyntax', `'${name.slice(0, 200)}' is no attribute of a ${type.name}.`);
    }
    if (attribute.mutability !== 'readWrite') continue;
    const read = readValue(attribute, value, attribute.name);
    if (read !== undefined) resource[attribute.name] = read;
  }
  requireWhole(type, resource);
  return resource;
}

/** Some clients name schemas of their own besides; without the resource's own it is not meant for here. */
function checkSchemas(type: ResourceType, body: Document): void {
  const key = Object.keys(body).find((name) => name.toLowerCase() === 'schemas');
  const listed: unknown = key === undefined ? undefined : body[key];
  if (
    !Array.isArray(listed) ||
    !listed.some((one) => typeof one === 'string' && one.toLowerCase() === type.schema.id.toLowerCase())
  )
    throw new ScimError('invalidSyntax', `'schemas' must name ${type.schema.id}.`);
}

/** @throws ScimError invalidValue when something required is missing */
export function requireWhole(type: ResourceType, resource: Document): void {
  for (const { name, required } of type.schema.attributes)
    if (required && resource[name] === undefined)
      throw new ScimError('invalidValue', `'${name}' is required.`);
}

/** Undefined: nothing assigned. @throws ScimError */
export function readValue(attribute: Attribute, value: unknown, at: string): unknown {
  if (isUnassigned(value)) return undefined;
  if (!attribute.multiValued) return readOne(attribute, value, at);
  const sent = Array.isArray(value) ? value : [value];
  const most = attribute.name === 'members' ? MOST_MEMBERS : MOST_VALUES;
  if (sent.length > most) throw new ScimError('invalidValue', `'${at}' has more than ${most} values.`);
  const read = sent.flatMap((one) => {
    const own = isUnassigned(one) ? undefined : readOne(attribute, one, at);
    return own === undefined ? [] : [own];
  });
  return read.length === 0 ? undefined : read;
}

function readOne(attribute: Attribute, sent: unknown, at: string): unknown {
  const { type, subAttributes } = attribute;
  // Entra ID sends single values as lists of one, and lone texts as `{ value }` and the other way round.
  const listed = !attribute.multiValued && Array.isArray(sent) && sent.length === 1 ? sent[0] : sent;
  if (type === 'complex') {
    const parts = subAttributes ?? [];
    const own = readParts(
      parts,
      typeof listed === 'string' && named(parts, 'value') ? { value: listed } : listed,
      at,
    );
    return Object.keys(own).length === 0 ? undefined : own;
  }
  const value = isDocument(listed) && 'value' in listed ? listed.value : listed;
  if (isUnassigned(value)) return undefined;
  if (type === 'boolean') {
    const text = typeof value === 'string' ? value.toLowerCase() : value;
    if (text === true || text === 'true') return true;
    if (text === false || text === 'false') return false;
    throw new ScimError('invalidValue', `'${at}' must be true or false.`);
  }
  if (typeof value !== 'string') throw new ScimError('invalidValue', `'${at}' must be a text.`);
  if (value.length > MOST_TEXT)
    throw new ScimError('invalidValue', `'${at}' has more than ${MOST_TEXT} characters.`);
  return value;
}

function readParts(parts: readonly Attribute[], value: unknown, at: string): Document {
  if (!isDocument(value)) throw new ScimError('invalidValue', `'${at}' must be an object.`);
  const read: Document = {};
  for (const [name, own] of Object.entries(value)) {
    const part = named(parts, name);
    if (!part) {
      if (isUnassigned(own)) continue;
      throw new ScimError('invalidSyntax', `'${at}' has no '${name.slice(0, 200)}'.`);
    }
    if (part.mutability === 'readOnly') continue;
    const one = readValue(part, own, `${at}.${part.name}`);
    if (one !== undefined) read[part.name] = one;
  }
  return read;
}

export function isUnassigned(value: unknown): boolean {
  return (
    value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

export interface Projection {
  /** Null: all that are answered by themselves. */
  readonly attributes: readonly string[] | null;
  readonly excluded: readonly string[];
}

/** Whether an attribute, by its whole name, will be in the answer. */
export function isAnswered(type: ResourceType, projection: Projection, name: string): boolean {
  const whole = (one: string) => {
    const path = resolvePath(type, one);
    return path && (path.extension ?? path.attribute.name);
  };
  if (projection.attributes !== null) return projection.attributes.some((one) => whole(one) === name);
  return !projection.excluded.some((one) => one.toLowerCase() === name.toLowerCase());
}

/** What is asked for; what nobody knows is in no resource anyway. `id` and `schemas` always are. */
export function project(
  type: ResourceType,
  resource: Document,
  { attributes, excluded }: Projection,
): Document {
  if (attributes === null) {
    const rest = structuredClone(resource);
    for (const text of excluded) remove(type, rest, text);
    return rest;
  }
  const chosen: Document = { schemas: resource.schemas, id: resource.id };
  for (const text of attributes) choose(type, resource, chosen, text);
  return chosen;
}

function extensionNamed(type: ResourceType, text: string): string | null {
  return type.extensions.find(({ id }) => id.toLowerCase() === text.toLowerCase())?.id ?? null;
}

function choose(type: ResourceType, resource: Document, chosen: Document, text: string): void {
  const whole = extensionNamed(type, text);
  if (whole !== null) {
    if (resource[whole] !== undefined) chosen[whole] = resource[whole];
    return;
  }
  const path = resolvePath(type, text);
  if (!path) return;
  const { extension, attribute, sub } = path;
  const from = extension === null ? resource : resource[extension];
  if (!isDocument(from) || from[attribute.name] === undefined) return;
  const to = extension === null ? chosen : documentAt(chosen, extension);
  to[attribute.name] =
    sub === null ? from[attribute.name] : withPart(from[attribute.name], to[attribute.name], sub.name);
}

/** `into` with one more part of `from`; of many values, each. */
function withPart(from: unknown, into: unknown, part: string): unknown {
  if (Array.isArray(from))
    return from.map((one, index) => withPart(one, Array.isArray(into) ? into[index] : undefined, part));
  const before = isDocument(into) ? into : {};
  return isDocument(from) && from[part] !== undefined ? { ...before, [part]: from[part] } : before;
}

function remove(type: ResourceType, resource: Document, text: string): void {
  const whole = extensionNamed(type, text);
  if (whole !== null) {
    delete resource[whole];
    return;
  }
  const path = resolvePath(type, text);
  if (!path || path.attribute.returned === 'always') return;
  const { extension, attribute, sub } = path;
  const from = extension === null ? resource : resource[extension];
  if (!isDocument(from)) return;
  if (sub === null) {
    delete from[attribute.name];
    return;
  }
  for (const one of [from[attribute.name]].flat()) if (isDocument(one)) delete one[sub.name];
}

/** The object at a name, made when there is none. */
export function documentAt(of: Document, name: string): Document {
  const there = of[name];
  if (isDocument(there)) return there;
  const made: Document = {};
  of[name] = made;
  return made;
}
