/** deb(5): an ar archive of a format version, what the package says of itself, and its files. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type ArchiveFile, ENTRY_TIME_S, inOrder } from './archive-file.ts';
import type { SystemPackage } from './package-facts.ts';
import { tarArchive } from './tar.ts';

const SHELL = '#!/bin/sh\nset -e\n';

export function debPackage(facts: SystemPackage): Buffer {
  return ar([
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.gz', gzipSync(tarArchive(controlFiles(facts), './'))],
    ['data.tar.gz', gzipSync(tarArchive(facts.files, './'))],
  ]);
}

function controlFiles(facts: SystemPackage): ArchiveFile[] {
  const files = inOrder(facts.files);
  const kibibytes = Math.ceil(files.reduce((sum, { content }) => sum + content.length, 0) / 1024);
  const control = [
    `Package: ${facts.name}`,
    `Version: ${facts.version}`,
    `Architecture: ${facts.architecture}`,
    `Maintainer: ${facts.maintainer}`,
    `Installed-Size: ${kibibytes}`,
    ...(facts.needs.length === 0 ? [] : [`Depends: ${facts.needs.join(', ')}`]),
    'Section: admin',
    'Priority: optional',
    `Description: ${facts.summary}`,
    ...facts.description.split('\n').map((line) => ` ${line === '' ? '.' : line}`),
  ].join('\n');
  const sums = files
    .map(({ path, content }) => `${createHash('md5').update(content).digest('hex')}  ${path}\n`)
    .join('');
  const { afterInstall, beforeRemove, afterRemove } = facts.scripts;
  return [
    text('control', `${control}\n`),
    text('md5sums', sums),
    ...(facts.configuration.length === 0
      ? []
      : [text('conffiles', facts.configuration.map((path) => `/${path}\n`).join(''))]),
    ...(afterInstall === undefined ? [] : [script('postinst', afterInstall)]),
    ...(beforeRemove === undefined ? [] : [script('prerm', beforeRemove)]),
    ...(afterRemove === undefined ? [] : [script('postrm', afterRemove)]),
  ];
}

const text = (path: string, content: string) => ({ path, content: Buffer.from(content), mode: 0o644 });
const script = (path: string, body: string) => ({ path, content: Buffer.from(SHELL + body), mode: 0o755 });

function ar(members: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const parts: Buffer[] = [Buffer.from('!<arch>\n')];
  for (const [name, content] of members) {
    const fields = [
      name.padEnd(16),
      String(ENTRY_TIME_S).padEnd(12),
      '0'.padEnd(6),
      '0'.padEnd(6),
      '100644'.padEnd(8),
      String(content.length).padEnd(10),
    ];
    parts.push(Buffer.from(`${fields.join('')}\`\n`), content);
    if (content.length % 2 === 1) parts.push(Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}
