import { describe, expect, it } from 'vitest';
import { now, wholeTenant } from '../testing/fixtures.ts';
import type { TranslateOptions, Translation } from '../translation.ts';
import type { Need, Outcome, QueryHost } from './outcome.ts';
import { prepare } from './prepare.ts';

const options: TranslateOptions = { now, scope: wholeTenant };
const statement = (sql: string): Translation => ({ sql, parameters: {}, columns: [], reads: [] });
const rows = (id: string): Need => ({ kind: 'rows', id, statement: statement(id), maxRows: 5 });
const external = (url: string): Need => ({ kind: 'external', id: url, url, isSecret: false, maxBytes: 9 });

const host: QueryHost = {
  rows: async ({ sql }) => [[sql]],
  external: async ({ url }) => new TextEncoder().encode(url),
};

describe('preparing a query', () => {
  it('asks until nothing is lacking, with all answers so far', async () => {
    const seen: string[][] = [];
    const translate = (_: string, { supplied = {} }: TranslateOptions): Outcome => {
      seen.push(Object.keys(supplied));
      if (!('a' in supplied)) return { kind: 'needs', needs: [rows('a'), external('u')] };
      if (!('b' in supplied)) return { kind: 'needs', needs: [rows('b')] };
      return { kind: 'statement', translation: statement(JSON.stringify([supplied.a, supplied.b])) };
    };
    const { sql } = await prepare(translate, 'q', options, host);
    expect(sql).toBe('[[["a"]],[["b"]]]');
    expect(seen).toEqual([[], ['a', 'u'], ['a', 'u', 'b']]);
  });

  it('hands on what the host throws', async () => {
    const refusing = { ...host, external: () => Promise.reject(new Error('not on the list')) };
    const translate = (): Outcome => ({ kind: 'needs', needs: [external('u')] });
    await expect(prepare(translate, 'q', options, refusing)).rejects.toThrow('not on the list');
  });

  it('gives up on a query that never comes to an end', async () => {
    let asked = 0;
    const translate = (): Outcome => ({ kind: 'needs', needs: [rows(`n${asked++}`)] });
    await expect(prepare(translate, 'q', options, host)).rejects.toMatchObject({ kind: 'unsupported' });
  });

  it('refuses a translation that asks for what it was given', async () => {
    const translate = (): Outcome => ({ kind: 'needs', needs: [rows('same')] });
    await expect(prepare(translate, 'q', options, host)).rejects.toThrow('asks again for same');
  });

  it('stops when its caller goes away', async () => {
    const gone = AbortSignal.abort(new Error('gone'));
    const translate = (): Outcome => ({ kind: 'statement', translation: statement('x') });
    await expect(prepare(translate, 'q', options, host, gone)).rejects.toThrow('gone');
  });
});
