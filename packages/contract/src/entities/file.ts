import type { Static } from 'typebox';
import { Type } from 'typebox';
import { flag, integer, listOf, nullable, record, text, time } from './schema.ts';

export const FileEntity = record(
  {
    sha1: nullable(text('SHA-1 of the file, 40 hex digits. Null where an alert told only the SHA-256.')),
    sha256: nullable(text('SHA-256 of the file.')),
    md5: nullable(text('MD5 of the file.')),
    globalPrevalence: nullable(
      integer('Devices anywhere that saw it. Null: only this organisation is known.'),
    ),
    globalFirstObserved: nullable(time('When it was first seen anywhere.')),
    globalLastObserved: nullable(time('When it was last seen anywhere.')),
    size: nullable(integer('Bytes.')),
    fileType: nullable(text('Kind of file, such as APP.')),
    isPeFile: flag('Whether it is a portable executable.'),
    filePublisher: nullable(text('Company that the file names.')),
    fileProductName: nullable(text('Product that the file names.')),
    signer: nullable(text('Who signed it.')),
    issuer: nullable(text('Who issued the certificate.')),
    signerHash: nullable(text('Hash of the certificate.')),
    isValidCertificate: nullable(flag('Whether the device trusts the certificate.')),
    determinationType: text('What is thought of it: Unknown where nothing is.'),
    determinationValue: nullable(text('Name of the threat.')),
  },
  'A file, as the devices of the organisation know it.',
);
export type FileEntity = Static<typeof FileEntity>;

export const FileStats = record(
  {
    sha1: text('SHA-1 of the file.'),
    organizationPrevalence: integer('Devices that saw it in the time asked for.'),
    orgPrevalence: text('The same number as text, as older clients read it.'),
    orgFirstSeen: nullable(time('When a device first saw it.')),
    orgLastSeen: nullable(time('When a device last saw it.')),
    globallyPrevalence: nullable(
      integer('Devices anywhere that saw it. Null: only this organisation is known.'),
    ),
    globalPrevalence: nullable(text('The same number as text.')),
    globalFirstObserved: nullable(time('When it was first seen anywhere.')),
    globalLastObserved: nullable(time('When it was last seen anywhere.')),
    topFileNames: listOf(Type.String(), 'The names most devices know it by.'),
  },
  'How common a file is in the organisation.',
);
export type FileStats = Static<typeof FileStats>;
