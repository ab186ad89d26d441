/** The templates that come with Merlon: the folder `deploy` beside the program. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Templates } from './template.ts';

export interface TemplateFolder extends Templates {
  /** Paths of the templates below a folder, from that folder, sorted. */
  below(folder: string): string[];
}

/** Upwards from this file, which lies deeper in the sources than in the build. */
export function templateFolder(from: string = fileURLToPath(import.meta.url)): TemplateFolder {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    const candidate = join(folder, 'deploy');
    if (existsSync(join(candidate, 'onboarding', 'linux'))) return templatesIn(candidate);
    if (dirname(folder) === folder)
      throw new Error(`the templates of packages are missing: no folder "deploy/onboarding" above ${from}`);
  }
}

function templatesIn(root: string): TemplateFolder {
  return {
    text: (path) => readFileSync(join(root, path), 'utf8'),
    below: (folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(join(root, folder), join(entry.parentPath, entry.name)))
        .sort(),
  };
}
