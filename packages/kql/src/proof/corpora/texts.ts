import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { queriesIn } from './extract.ts';

/** A text of a corpus that may be a query. */
export interface Text {
  readonly corpus: string;
  readonly file: string;
  readonly query: string;
}

/** Texts of the folder that no earlier folder had, blank space aside. */
function textsOf(folder: string, known: Set<string>): Text[] {
  const corpus = basename(folder);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[^.]+$|\.(md|kql|kusto|txt|ya?ml|json|csl)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .flatMap((file) => queriesIn(file, readFileSync(file, 'utf8')).map((query) => ({ corpus, file, query })))
    .filter(({ query }) => isNew(query, known));
}

export function isNew(query: string, known: Set<string>): boolean {
  const key = query.replaceAll(/\s+/g, ' ').trim();
  if (key === '' || key.includes('\0') || known.has(key)) return false;
  known.add(key);
  return true;
}

/** The texts of the folders, each a corpus, without those that one before had. */
export function corpusTexts(folders: readonly string[], known: Set<string> = new Set()): Text[] {
  return folders.flatMap((folder) => textsOf(folder, known));
}
