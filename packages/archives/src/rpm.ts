/**
 * An RPM of format 3 as every rpm since 4.6 installs it: a lead, a header of digests, a header of facts, and a gzip-compressed cpio. Layout and tag numbers:
 * rpm's own documents "RPM V3 package format" and "RPM tags".
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type ArchiveFile, ENTRY_TIME_S, inOrder } from './archive-file.ts';
import type { SystemPackage } from './package-facts.ts';

const INT16 = 3;
const INT32 = 4;
const STRING = 6;
const BIN = 7;
const STRINGS = 8;
const I18N = 9;
type Entry = readonly [
  tag: number,
  type: number,
  value: string | Buffer | readonly number[] | readonly string[],
];

const TAG = {
  signatures: 62,
  immutable: 63,
  languages: 100,
  sha1: 269,
  sha256: 273,
  name: 1000,
  version: 1001,
  release: 1002,
  summary: 1004,
  description: 1005,
  buildTime: 1006,
  buildHost: 1007,
  size: 1009,
  license: 1014,
  packager: 1015,
  group: 1016,
  os: 1021,
  architecture: 1022,
  afterInstall: 1024,
  beforeRemove: 1025,
  afterRemove: 1026,
  fileSizes: 1028,
  fileModes: 1030,
  fileRdevs: 1033,
  fileTimes: 1034,
  fileDigests: 1035,
  fileLinks: 1036,
  fileFlags: 1037,
  fileUsers: 1039,
  fileGroups: 1040,
  sourceRpm: 1044,
  fileVerify: 1045,
  provides: 1047,
  requireFlags: 1048,
  requires: 1049,
  requireVersions: 1050,
  rpmVersion: 1064,
  afterInstallWith: 1086,
  beforeRemoveWith: 1087,
  afterRemoveWith: 1088,
  fileDevices: 1095,
  fileInodes: 1096,
  fileLanguages: 1097,
  provideFlags: 1112,
  provideVersions: 1113,
  folderOf: 1116,
  fileNames: 1117,
  folders: 1118,
  payloadFormat: 1124,
  payloadCompressor: 1125,
  payloadFlags: 1126,
  fileDigestAlgorithm: 5011,
  encoding: 5062,
  payloadDigest: 5092,
  payloadDigestAlgorithm: 5093,
} as const;
/** Of the header of digests. */
const SIGNATURE = { size: 1000, md5: 1004, payloadSize: 1007 } as const;

const SHA256 = 8;
const EQUAL = 8;
const LESS_OR_EQUAL = 2 | EQUAL;
const OF_RPMLIB = 1 << 24;
const CONFIGURATION_KEPT = 1 | (1 << 4);
const REGULAR_FILE = 0o100000;
const RELEASE = '1';
/** What an rpm must know to read this. */
const FEATURES = [
  ['rpmlib(CompressedFileNames)', '3.0.4-1'],
  ['rpmlib(FileDigests)', '4.6.0-1'],
  ['rpmlib(PayloadFilesHavePrefix)', '4.0-1'],
] as const;

export function rpmPackage(facts: SystemPackage): Buffer {
  const files = inOrder(facts.files);
  const cpio = cpioArchive(files);
  const payload = gzipSync(cpio);
  const header = headerOf(TAG.immutable, factEntries(facts, files, payload));
  const body = Buffer.concat([header, payload]);
  const signature = headerOf(TAG.signatures, [
    [TAG.sha1, STRING, digest('sha1', header)],
    [TAG.sha256, STRING, digest('sha256', header)],
    [SIGNATURE.size, INT32, [body.length]],
    [SIGNATURE.md5, BIN, createHash('md5').update(body).digest()],
    [SIGNATURE.payloadSize, INT32, [cpio.length]],
  ]);
  const padding = Buffer.alloc((8 - (signature.length % 8)) % 8);
  return Buffer.concat([lead(facts), signature, padding, body]);
}

function lead({ name, version }: SystemPackage): Buffer {
  const bytes = Buffer.alloc(96);
  bytes.writeUInt32BE(0xedabeedb, 0);
  bytes.writeUInt8(3, 4);
  bytes.writeUInt16BE(1, 8);
  bytes.write(`${name}-${version}-${RELEASE}`.slice(0, 65), 10);
  bytes.writeUInt16BE(1, 76);
  bytes.writeUInt16BE(5, 78);
  return bytes;
}

function factEntries(facts: SystemPackage, files: readonly ArchiveFile[], payload: Buffer): Entry[] {
  const version = `${facts.version}-${RELEASE}`;
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))].sort();
  const each = <T>(value: T) => files.map(() => value);
  const { afterInstall, beforeRemove, afterRemove } = facts.scripts;
  const script = (tag: number, withTag: number, body: string | undefined): Entry[] =>
    body === undefined
      ? []
      : [
          [tag, STRING, body],
          [withTag, STRING, '/bin/sh'],
        ];
  const required = [
    ...facts.needs.map((name) => [name, '', 0] as const),
    ...FEATURES.map(([name, since]) => [name, since, OF_RPMLIB | LESS_OR_EQUAL] as const),
  ];
  return [
    [TAG.languages, STRINGS, ['C']],
    [TAG.name, STRING, facts.name],
    [TAG.version, STRING, facts.version],
    [TAG.release, STRING, RELEASE],
    [TAG.summary, I18N, [facts.summary]],
    [TAG.description, I18N, [facts.description]],
    [TAG.buildTime, INT32, [ENTRY_TIME_S]],
    [TAG.buildHost, STRING, 'localhost'],
    [TAG.size, INT32, [files.reduce((sum, { content }) => sum + content.length, 0)]],
    [TAG.license, STRING, facts.license],
    [TAG.packager, STRING, facts.maintainer],
    [TAG.group, I18N, ['System Environment/Daemons']],
    [TAG.os, STRING, 'linux'],
    [TAG.architecture, STRING, facts.architecture],
    ...script(TAG.afterInstall, TAG.afterInstallWith, afterInstall),
    ...script(TAG.beforeRemove, TAG.beforeRemoveWith, beforeRemove),
    ...script(TAG.afterRemove, TAG.afterRemoveWith, afterRemove),
    [TAG.fileSizes, INT32, files.map(({ content }) => content.length)],
    [TAG.fileModes, INT16, files.map(({ mode }) => REGULAR_FILE | mode)],
    [TAG.fileRdevs, INT16, each(0)],
    [TAG.fileTimes, INT32, each(ENTRY_TIME_S)],
    [TAG.fileDigests, STRINGS, files.map(({ content }) => digest('sha256', content))],
    [TAG.fileLinks, STRINGS, each('')],
    [
      TAG.fileFlags,
      INT32,
      files.map(({ path }) => (facts.configuration.includes(path) ? CONFIGURATION_KEPT : 0)),
    ],
    [TAG.fileUsers, STRINGS, each('root')],
    [TAG.fileGroups, STRINGS, each('root')],
    [TAG.sourceRpm, STRING, `${facts.name}-${version}.src.rpm`],
    [TAG.fileVerify, INT32, each(0xffffffff)],
    [TAG.provides, STRINGS, [facts.name]],
    [TAG.requireFlags, INT32, required.map(([, , flags]) => flags)],
    [TAG.requires, STRINGS, required.map(([name]) => name)],
    [TAG.requireVersions, STRINGS, required.map(([, since]) => since)],
    [TAG.rpmVersion, STRING, '4.14.0'],
    [TAG.fileDevices, INT32, each(1)],
    [TAG.fileInodes, INT32, files.map((_, index) => index + 1)],
    [TAG.fileLanguages, STRINGS, each('')],
    [TAG.provideFlags, INT32, [EQUAL]],
    [TAG.provideVersions, STRINGS, [version]],
    [TAG.folderOf, INT32, files.map(({ path }) => folders.indexOf(folderOf(path)))],
    [TAG.fileNames, STRINGS, files.map(({ path }) => path.slice(path.lastIndexOf('/') + 1))],
    [TAG.folders, STRINGS, folders],
    [TAG.payloadFormat, STRING, 'cpio'],
    [TAG.payloadCompressor, STRING, 'gzip'],
    [TAG.payloadFlags, STRING, '6'],
    [TAG.fileDigestAlgorithm, INT32, [SHA256]],
    [TAG.encoding, STRING, 'utf-8'],
    [TAG.payloadDigest, STRINGS, [digest('sha256', payload)]],
    [TAG.payloadDigestAlgorithm, INT32, [SHA256]],
  ];
}

const folderOf = (path: string) => `/${path.slice(0, path.lastIndexOf('/') + 1)}`;
const digest = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes).digest('hex');

/** Index and store. The region's own entry comes first in the index, and what it points to last in the store. */
function headerOf(region: number, entries: readonly Entry[]): Buffer {
  const sorted = entries.toSorted(([one], [other]) => one - other);
  const index: Buffer[] = [];
  const store: Buffer[] = [];
  let at = 0;
  const add = (bytes: Buffer) => {
    store.push(bytes);
    at += bytes.length;
  };
  for (const [tag, type, value] of sorted) {
    const alignment = type === INT32 ? 4 : type === INT16 ? 2 : 1;
    add(Buffer.alloc((alignment - (at % alignment)) % alignment));
    const { bytes, count } = encoded(type, value);
    index.push(indexEntry(tag, type, at, count));
    add(bytes);
  }
  const indexBytes = (sorted.length + 1) * 16;
  index.unshift(indexEntry(region, BIN, at, 16));
  add(indexEntry(region, BIN, -indexBytes, 16));
  const intro = Buffer.alloc(16);
  intro.writeUInt32BE(0x8eade801, 0);
  intro.writeUInt32BE(index.length, 8);
  intro.writeUInt32BE(at, 12);
  return Buffer.concat([intro, ...index, ...store]);
}

function indexEntry(tag: number, type: number, offset: number, count: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(tag, 0);
  bytes.writeUInt32BE(type, 4);
  bytes.writeInt32BE(offset, 8);
  bytes.writeUInt32BE(count, 12);
  return bytes;
}

function encoded(type: number, value: Entry[2]): { bytes: Buffer; count: number } {
  if (Buffer.isBuffer(value)) return { bytes: value, count: value.length };
  if (typeof value === 'string') return { bytes: Buffer.from(`${value}\0`), count: 1 };
  const parts = value.map((one) => {
    if (typeof one === 'string') return Buffer.from(`${one}\0`);
    const bytes = Buffer.alloc(type === INT16 ? 2 : 4);
    if (type === INT16) bytes.writeUInt16BE(one);
    else bytes.writeUInt32BE(one);
    return bytes;
  });
  return { bytes: Buffer.concat(parts), count: value.length };
}

/** cpio(5), the "new ASCII" format. */
function cpioArchive(files: readonly ArchiveFile[]): Buffer {
  const parts: Buffer[] = [];
  const entry = (name: string, inode: number, mode: number, content: Buffer) => {
    const fields = [
      inode,
      mode,
      0,
      0,
      inode === 0 ? 0 : 1,
      inode === 0 ? 0 : ENTRY_TIME_S,
      content.length,
      0,
      0,
      0,
      0,
      Buffer.byteLength(name) + 1,
      0,
    ];
    const head = Buffer.from(
      `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}${name}\0`,
    );
    parts.push(head, toFour(head.length), content, toFour(content.length));
  };
  for (const [index, { path, content, mode }] of files.entries())
    entry(`./${path}`, index + 1, REGULAR_FILE | mode, content);
  entry('TRAILER!!!', 0, 0, Buffer.alloc(0));
  return Buffer.concat(parts);
}

const toFour = (length: number) => Buffer.alloc((4 - (length % 4)) % 4);
