/** PATCH (RFC 7644 §3.5.2), with the liberties that Entra ID and Okta take. Pure: a resource and a request give the resource as it is to be. */
import { isDeepStrictEqual } from 'node:util';
import { ScimError } from '@merlon/contract';
import { type Filter, type PatchTarget, parsePath } from './filter.ts';
import { type Document, isDocument, matches } from './match.ts';
import { documentAt, isUnassigned, readValue, requireWhole } from './resource.ts';
import { type Attribute, MOST_MEMBERS, MOST_VALUES, type ResourceType } from './schema.ts';

const MOST_OPERATIONS = 1_000;
const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

type Verb = 'add' | 'remove' | 'replace';

/** @throws ScimError */
export function applyPatch(type: ResourceType, resource: Document, body: unknown): Document {
  const changed = structuredClone(resource);
  for (const operation of operationsOf(body)) {
    const verb = verbOf(operation.op);
    const { path, value } = operation;
    if (verb !== 'remove' && value === undefined)
      throw new ScimError('invalidSyntax', `An operation that is to ${verb} needs a value.`);
    if (path !== undefined && path !== null && typeof path !== 'string')
      throw new ScimError('invalidPath', "'path' must be a text.");
    if (typeof path === 'string' && path.trim() !== '') {
      work(type, changed, verb, parsePath(type, path), value);
      continue;
    }
    if (verb === 'remove') throw new ScimError('noTarget', 'A removal needs a path.');
    if (!isDocument(value))
      throw new ScimError('invalidValue', 'Without a path the value must be an object of attributes.');
    for (const [name, own] of Object.entries(value)) {
      // Okta repeats the id of a group with its new name.
      if (name.toLowerCase() === 'schemas' || (name.toLowerCase() === 'id' && own === resource.id)) continue;
      work(type, changed, verb, parsePath(type, name), own);
    }
  }
  tidy(type, changed);
  requireWhole(type, changed);
  return changed;
}

function operationsOf(body: unknown): Document[] {
  if (!isDocument(body)) throw new ScimError('invalidSyntax', 'The body must be an object.');
  const member = (wanted: string) =>
    Object.entries(body).find(([name]) => name.toLowerCase() === wanted)?.[1] as unknown;
  const schemas = member('schemas');
  if (!Array.isArray(schemas) || !schemas.includes(PATCH_SCHEMA))
    throw new ScimError('invalidSyntax', `'schemas' must name ${PATCH_SCHEMA}.`);
  const operations = member('operations');
  if (!Array.isArray(operations) || operations.length === 0 || !operations.every(isDocument))
    throw new ScimError('invalidSyntax', "'Operations' must list at least one operation.");
  if (operations.length > MOST_OPERATIONS)
    throw new ScimError('invalidValue', `A request holds at most ${MOST_OPERATIONS} operations.`);
  return operations;
}

/** Entra ID writes them with a capital. */
function verbOf(op: unknown): Verb {
  const verb = typeof op === 'string' ? op.toLowerCase() : '';
  if (verb === 'add' || verb === 'remove' || verb === 'replace') return verb;
  throw new ScimError('invalidSyntax', "'op' must be add, remove or replace.");
}

function work(type: ResourceType, resource: Document, verb: Verb, target: PatchTarget, value: unknown): void {
  if (target.kind === 'extension') {
    wholeExtension(type, resource, verb, target.id, value);
    return;
  }
  const { path, filter } = target;
  const { attribute, sub, extension } = path;
  const part = sub ?? attribute;
  if (attribute.mutability === 'readOnly' || part.mutability === 'readOnly')
    throw new ScimError('mutability', `'${attribute.name}${sub ? `.${sub.name}` : ''}' cannot be changed.`);
  if (attribute.mutability === 'writeOnly') return;
  if (verb === 'remove' && attribute.required && sub === null && filter === null)
    throw new ScimError('mutability', `'${attribute.name}' is required and cannot be removed.`);
  const within = extension === null ? resource : documentAt(resource, extension);
  if (attribute.multiValued) {
    const before = within[attribute.name];
    within[attribute.name] = many(
      attribute,
      sub,
      filter,
      verb,
      Array.isArray(before) ? before.filter(isDocument) : [],
      value,
    );
    return;
  }
  if (sub !== null) {
    setPart(documentAt(within, attribute.name), sub, verb, value, `${attribute.name}.${sub.name}`);
    return;
  }
  setPart(within, attribute, verb, value, attribute.name);
}

function wholeExtension(
  type: ResourceType,
  resource: Document,
  verb: Verb,
  id: string,
  value: unknown,
): void {
  if (verb === 'remove') {
    delete resource[id];
    return;
  }
  if (!isDocument(value)) throw new ScimError('invalidValue', `'${id}' must be an object.`);
  for (const [name, own] of Object.entries(value))
    work(type, resource, verb, parsePath(type, `${id}:${name}`), own);
}

function setPart(of: Document, attribute: Attribute, verb: Verb, value: unknown, at: string): void {
  const read = verb === 'remove' ? undefined : readValue(attribute, value, at);
  if (verb === 'add' && read === undefined) return;
  const before = of[attribute.name];
  if (read === undefined) delete of[attribute.name];
  // Of a complex attribute only the parts that are named change.
  else of[attribute.name] = isDocument(read) && isDocument(before) ? { ...before, ...read } : read;
}

/** The values of a many-valued attribute after one operation. */
function many(
  attribute: Attribute,
  sub: Attribute | null,
  filter: Filter | null,
  verb: Verb,
  before: readonly Document[],
  value: unknown,
): Document[] {
  const at = attribute.name;
  if (filter === null && sub === null) {
    const read = (readValue(attribute, value, at) ?? []) as Document[];
    switch (verb) {
      case 'replace':
        return onePrimary(at, distinct(read), []);
      case 'add':
        return onePrimary(at, distinct([...before, ...read]), read);
      case 'remove': {
        // Entra ID names the members to remove in the value; only without one is all of it meant.
        if (isUnassigned(value)) return [];
        const gone = new Map<unknown, Document[]>();
        for (const one of read) gone.set(one.value, [...(gone.get(one.value) ?? []), one]);
        return before.filter((one) => !gone.get(one.value)?.some((other) => isSame(one, other)));
      }
    }
  }
  const chosen = new Set(before.filter((one) => filter === null || matches(filter, one)));
  if (verb === 'remove') {
    if (sub === null) return before.filter((one) => !chosen.has(one));
    return before.map((one) => (chosen.has(one) ? without(one, sub.name) : one));
  }
  if (chosen.size === 0) {
    if (verb === 'replace')
      throw new ScimError('noTarget', `No value of '${at}' meets the filter of the path.`);
    const made = { ...(filter === null ? {} : described(filter)), ...part(value) };
    return onePrimary(at, distinct([...before, made]), [made]);
  }
  const touched: Document[] = [];
  const after = before.map((one) => {
    if (!chosen.has(one)) return one;
    const now = sub === null && verb === 'replace' ? part(value) : { ...one, ...part(value) };
    touched.push(now);
    return now;
  });
  return onePrimary(at, after, touched);

  /** What the operation sets in one value. */
  function part(sent: unknown): Document {
    if (sub !== null) return { [sub.name]: readValue(sub, sent, `${at}.${sub.name}`) };
    const [read, ...more] = (readValue(attribute, sent, at) ?? []) as Document[];
    if (!read || more.length > 0) throw new ScimError('invalidValue', `'${at}' needs one value here.`);
    return read;
  }
}

/** Equal, or with the same `value` and nothing said against it: members are told apart by it alone. */
function isSame(one: Document, other: Document): boolean {
  if (one.value === undefined || other.value === undefined) return isDeepStrictEqual(one, other);
  return (
    one.value === other.value &&
    (other.type === undefined || one.type === undefined || one.type === other.type)
  );
}

/** The first of equal values, with what later ones add. */
function distinct(all: readonly Document[]): Document[] {
  const kept: Document[] = [];
  const places = new Map<unknown, number[]>();
  for (const one of all) {
    const known = places.get(one.value) ?? [];
    const at = known.find((place) => isSame(kept[place] ?? {}, one));
    if (at === undefined) {
      places.set(one.value, [...known, kept.length]);
      kept.push(one);
    } else kept[at] = { ...kept[at], ...one };
  }
  return kept;
}

/** What a condition says a value is, so that one can be made for it. */
function described(filter: Filter): Document {
  if (filter.kind === 'and') return { ...described(filter.left), ...described(filter.right) };
  if (filter.kind === 'compare' && filter.operator === 'eq' && filter.value !== null)
    return { [(filter.path.sub ?? filter.path.attribute).name]: filter.value };
  throw new ScimError('noTarget', 'No value meets the filter of the path, and none can be made for it.');
}

/** A value that becomes the first choice takes that from the one before it. */
function onePrimary(at: string, all: readonly Document[], fresh: readonly Document[]): Document[] {
  const most = at === 'members' ? MOST_MEMBERS : MOST_VALUES;
  if (all.length > most) throw new ScimError('invalidValue', `'${at}' has more than ${most} values.`);
  const first = all.filter(({ primary }) => primary === true);
  if (first.length < 2) return [...all];
  const chosen = first.filter((one) => fresh.some((made) => isSame(one, made)));
  if (chosen.length !== 1) throw new ScimError('invalidValue', `'${at}' has more than one primary value.`);
  return all.map((one) => (one.primary === true && one !== chosen[0] ? { ...one, primary: false } : one));
}

function without(of: Document, name: string): Document {
  return Object.fromEntries(Object.entries(of).filter(([own]) => own !== name));
}

/** What holds nothing any more is not there. */
function tidy(type: ResourceType, resource: Document): void {
  const clean = (of: Document) => {
    for (const [name, value] of Object.entries(of)) {
      if (Array.isArray(value)) {
        const left = value
          .map((one) => (isDocument(one) ? assigned(one) : one))
          .filter((one) => !isEmpty(one));
        if (left.length === 0) delete of[name];
        else of[name] = left;
      } else if (isDocument(value)) {
        if (type.extensions.some(({ id }) => id === name)) clean(value);
        of[name] = assigned(value);
        if (isEmpty(of[name])) delete of[name];
      } else if (value === undefined) delete of[name];
    }
  };
  clean(resource);
}

function assigned(of: Document): Document {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined));
}

function isEmpty(value: unknown): boolean {
  return isDocument(value) && Object.keys(value).length === 0;
}
