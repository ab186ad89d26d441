/** YAML text to plain values that remember where they stood. Maps stay maps, so that no key can reach an object's prototype. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { SigmaError, type SigmaErrorKind, type SigmaErrorPlace } from './sigma-error.ts';

export type YamlValue =
  | string
  | number
  | boolean
  | null
  | readonly YamlValue[]
  | ReadonlyMap<string, YamlValue>;

type Key = string | number;

/** One document, and how to complain about a place in it. */
export interface YamlDocument {
  readonly file: string | null;
  /** The document alone, as written. */
  readonly text: string;
  readonly value: YamlValue;
  place(path: readonly Key[]): SigmaErrorPlace;
  error(kind: SigmaErrorKind, path: readonly Key[], problem: string): SigmaError;
}

/** A rule is a page of text. The longest list of hashes in one fits well below. */
const MAX_CHARACTERS = 512 * 1024;
const MAX_DOCUMENTS = 100;
const MAX_DEPTH = 20;
/** Values in one document, with every use of an alias counted anew. */
const MAX_VALUES = 20_000;

/** @throws SigmaError */
export function readYaml(text: string, file: string | null): YamlDocument[] {
  const whole = (problem: string) =>
    new SigmaError('syntax', problem, { file, path: '', line: null, column: null });
  if (text.length > MAX_CHARACTERS) throw whole(`the text is longer than ${MAX_CHARACTERS} characters`);
  const lines = new LineCounter();
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  } catch (error) {
    // The parser recurses: text nested deeply enough ends its stack.
    throw whole(`not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(documents)) return [];
  if (documents.length > MAX_DOCUMENTS) throw whole(`more than ${MAX_DOCUMENTS} documents`);

  const found: YamlDocument[] = [];
  for (const document of documents) {
    const fault = document.errors[0];
    if (fault) {
      const { line, col } = lines.linePos(fault.pos[0]);
      throw new SigmaError('syntax', `not YAML: ${fault.message}`, { file, path: '', line, column: col });
    }
    if (document.contents === null) continue;
    const places = new Map<string, number>();
    const place: YamlDocument['place'] = (path) => {
      const offset = placeOf(places, path);
      const position = offset === null ? null : lines.linePos(offset);
      return { file, path: path.join('.'), line: position?.line ?? null, column: position?.col ?? null };
    };
    const error: YamlDocument['error'] = (kind, path, problem) => new SigmaError(kind, problem, place(path));
    let values = 0;
    const convert = (node: unknown, path: readonly Key[]): YamlValue => {
      if (++values > MAX_VALUES)
        throw error('syntax', [], `the document holds more than ${MAX_VALUES} values`);
      if (path.length > MAX_DEPTH) throw error('syntax', path, `nested deeper than ${MAX_DEPTH} levels`);
      const target = isAlias(node) ? node.resolve(document) : node;
      note(places, path, node);
      if (isScalar(target)) return scalarValue(target.value);
      if (isSeq(target)) return target.items.map((item, index) => convert(item, [...path, index]));
      if (isMap(target)) {
        const map = new Map<string, YamlValue>();
        for (const { key, value } of target.items) {
          const name = isScalar(key) ? scalarValue(key.value) : null;
          if (name === null || typeof name === 'boolean') throw error('syntax', path, 'a key must be text');
          const at = [...path, String(name)];
          note(places, at, key);
          map.set(String(name), value === null ? null : convert(value, at));
        }
        return map;
      }
      if (target === null) return null;
      throw error('syntax', path, 'an alias to something that is not there');
    };
    let value: YamlValue;
    try {
      value = convert(document.contents, []);
    } catch (thrown) {
      if (thrown instanceof SigmaError) throw thrown;
      throw whole(`not YAML: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
    found.push({ file, text: textOf(text, document.range), value, place, error });
  }
  return found;
}

function textOf(text: string, range: readonly [number, number, number] | undefined): string {
  if (!range) return text;
  return text
    .slice(range[0], range[2])
    .replace(/^---[^\S\n]*\n?/, '')
    .replace(/\n(---|\.\.\.)\s*$/, '\n');
}

function scalarValue(value: unknown): string | number | boolean | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : String(value);
}

/** Only the first note of a path stays: the key, where there is one. */
function note(places: Map<string, number>, path: readonly Key[], node: unknown): void {
  const start = (node as Node | null)?.range?.[0];
  const name = path.join('\0');
  if (start !== undefined && !places.has(name)) places.set(name, start);
}

/** The place itself, else the nearest one that holds it. */
function placeOf(places: ReadonlyMap<string, number>, path: readonly Key[]): number | null {
  for (let length = path.length; length >= 0; length--) {
    const found = places.get(path.slice(0, length).join('\0'));
    if (found !== undefined) return found;
  }
  return null;
}
