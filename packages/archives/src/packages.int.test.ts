/** What dpkg, rpm and tar themselves say of the packages. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debPackage, rpmPackage, type SystemPackage } from './index.ts';

const facts: SystemPackage = {
  name: 'merlon-tried',
  version: '1.2.3',
  architecture: 'all',
  summary: 'Tried',
  description: 'Tried by a test.\n\nIn two paragraphs.',
  maintainer: 'Merlon',
  license: 'Apache-2.0',
  files: [
    { path: 'opt/merlon-tried/bin/tried', content: Buffer.from('#!/bin/sh\necho tried\n'), mode: 0o755 },
    { path: 'opt/merlon-tried/tried.conf', content: Buffer.from('a=1\n'), mode: 0o600 },
    { path: 'opt/merlon-tried/blob', content: Buffer.alloc(70_001, 'xyz'), mode: 0o644 },
  ],
  configuration: ['opt/merlon-tried/tried.conf'],
  needs: [],
  scripts: { afterInstall: 'echo installed\n', beforeRemove: 'echo removing\n' },
};

describe('packages of the system', () => {
  let work: string;
  let root: string;
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'merlon-archives-'));
    root = join(work, 'root');
    writeFileSync(join(work, 'tried.deb'), debPackage(facts));
    writeFileSync(join(work, 'tried.rpm'), rpmPackage({ ...facts, architecture: 'noarch' }));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));
  const installed = () => [
    run(join(root, 'opt/merlon-tried/bin/tried')).trim(),
    (statSync(join(root, 'opt/merlon-tried/tried.conf')).mode & 0o777).toString(8),
    readFileSync(join(root, 'opt/merlon-tried/blob')).length,
  ];

  it('dpkg reads, unpacks and describes the deb', () => {
    const deb = join(work, 'tried.deb');
    expect(run('dpkg-deb', '--field', deb, 'Package', 'Version')).toBe(
      'Package: merlon-tried\nVersion: 1.2.3\n',
    );
    run('dpkg-deb', '--extract', deb, root);
    expect(installed()).toEqual(['tried', '600', 70_001]);
    rmSync(root, { recursive: true });
  });

  it('rpm checks its digests, installs it into a root of its own, and verifies and removes it there', () => {
    const rpm = join(work, 'tried.rpm');
    expect(run('rpm', '--checksig', rpm)).toContain('digests OK');
    run('rpm', '--root', root, '--initdb');
    run('rpm', '--root', root, '--install', '--nodeps', '--noscripts', rpm);
    expect(installed()).toEqual(['tried', '600', 70_001]);
    expect(run('rpm', '--root', root, '--verify', '--nodeps', 'merlon-tried')).toBe('');
    expect(run('rpm', '--root', root, '--query', '--configfiles', 'merlon-tried').trim()).toBe(
      '/opt/merlon-tried/tried.conf',
    );
    run('rpm', '--root', root, '--erase', '--noscripts', 'merlon-tried');
    expect(() => statSync(join(root, 'opt/merlon-tried/bin/tried'))).toThrow();
    rmSync(root, { recursive: true });
  });
});
