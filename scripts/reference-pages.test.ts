import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { referencePages } from './reference-pages.ts';

describe('the reference pages', () => {
  it.each(Object.entries(referencePages()))(
    '%s is what contract says: run scripts/generate-reference.mjs',
    async (path, content) => {
      expect(await readFile(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(content);
    },
  );
});
