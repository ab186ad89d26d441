/** Bytes follow from content alone. That real tools take them is proved in `packages.int.test.ts`. */
import { describe, expect, it } from 'vitest';
import { debPackage, rpmPackage, type SystemPackage, tarArchive, zipArchive } from './index.ts';

const files = [
  { path: 'usr/bin/tool', content: Buffer.from('#!/bin/sh\n'), mode: 0o755 },
  { path: 'etc/tool/tool.conf', content: Buffer.from('a=1\n'), mode: 0o600 },
];
const facts: SystemPackage = {
  name: 'tool',
  version: '1.2.3',
  architecture: 'all',
  summary: 'A tool',
  description: 'It is one.',
  maintainer: 'Somebody',
  license: 'Apache-2.0',
  files,
  configuration: ['etc/tool/tool.conf'],
  needs: [],
  scripts: {},
};

describe('archives', () => {
  it.each([
    ['tar', (given: typeof files) => tarArchive(given)],
    ['zip', (given: typeof files) => zipArchive(given)],
    ['deb', (given: typeof files) => debPackage({ ...facts, files: given })],
    ['rpm', (given: typeof files) => rpmPackage({ ...facts, files: given })],
  ])('%s: the same files give the same bytes, in whatever order they come', async (_, make) => {
    const one = await make(files);
    expect(one.equals(await make(files.toReversed()))).toBe(true);
    const other = await make(files.map((file) => ({ ...file, content: Buffer.from('b') })));
    expect(one.equals(other)).toBe(false);
  });

  it.each(['/etc/passwd', '../up', 'a//b', 'a/./b', ''])('takes no path that leaves it: %j', (path) => {
    expect(() => tarArchive([{ path, content: Buffer.alloc(0), mode: 0o644 }])).toThrow(/not a path/);
  });

  it('takes no path twice, and none that is too long', () => {
    const file = (path: string) => ({ path, content: Buffer.alloc(0), mode: 0o644 });
    expect(() => tarArchive([file('a'), file('a')])).toThrow(/twice/);
    expect(() => tarArchive([file('a'.repeat(101))])).toThrow(/too long/);
    expect(tarArchive([file(`${'a'.repeat(90)}/${'b'.repeat(90)}`)]).includes('b'.repeat(90))).toBe(true);
  });
});
