/** Reads the form that a library file is uploaded in. */
import { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { ApiError } from '@merlon/contract';

/** "File max size limitation is 20MB": api-endpoints.yaml. */
export const LIBRARY_FILE_BYTES = 20 * 1024 * 1024;
/** The file with the rest of the form round it. */
export const UPLOAD_BYTES = LIBRARY_FILE_BYTES + 256 * 1024;
const FIELD_BYTES = 32 * 1024;
const MAX_TEXT = 4_000;
const FILE_NAME = /^[^/\\\p{Cc}]{1,255}$/u;

export interface LibraryUpload {
  readonly fileName: string;
  readonly content: Buffer;
  readonly description: string | null;
  readonly parametersDescription: string | null;
  readonly hasParameters: boolean;
  readonly overrideIfExists: boolean;
}

/** Fields besides the file, by name in lower case: the reference writes them in capitals, its sample does not. */
const FIELDS = ['description', 'parametersdescription', 'hasparameters', 'overrideifexists'] as const;
type Field = (typeof FIELDS)[number];

/** @throws ApiError UnsupportedMediaType, InvalidRequestBody, InvalidInput, MissingRequiredParameter, PayloadTooLarge */
export async function readLibraryUpload(
  body: Buffer,
  contentType: string | undefined,
): Promise<LibraryUpload> {
  if (!/^multipart\/form-data\s*;/i.test(contentType ?? ''))
    throw new ApiError(
      'UnsupportedMediaType',
      'The Content-Type must be multipart/form-data with a boundary.',
    );
  const { file, fields } = await readForm(body, { 'content-type': contentType ?? '' });
  if (!file) throw new ApiError('MissingRequiredParameter', 'The form holds no file in the field "File".');
  requireFileName(file.name);
  const parameters = fields.get('parametersdescription') || null;
  return {
    fileName: file.name,
    content: file.content,
    description: fields.get('description') || null,
    parametersDescription: parameters,
    hasParameters: truth(fields, 'hasparameters') ?? parameters !== null,
    overrideIfExists: truth(fields, 'overrideifexists') ?? false,
  };
}

/** A device writes it under this name, and commands say it in words: it is no path, and none of the names that every folder has. */
export function requireFileName(name: string): void {
  if (
    !FILE_NAME.test(name) ||
    name === '.' ||
    name === '..' ||
    Buffer.byteLength(name) > 255 ||
    name !== name.trim()
  )
    throw new ApiError('InvalidInput', 'The file name must have 1 to 255 bytes and be no path.');
}

interface Form {
  readonly file: { readonly name: string; readonly content: Buffer } | null;
  readonly fields: ReadonlyMap<Field, string>;
}

function readForm(body: Buffer, headers: BusboyHeaders): Promise<Form> {
  return new Promise((resolve, reject) => {
    const fields = new Map<Field, string>();
    let file: { name: string; content: Buffer } | null = null;
    const refuse = (error: ApiError) => {
      reject(error);
      source.unpipe(parser);
    };
    const malformed = (cause: unknown) =>
      new ApiError('InvalidRequestBody', 'The request body is not a well-formed multipart form.', { cause });
    let parser: InstanceType<typeof Busboy>;
    try {
      parser = new Busboy({
        headers,
        // A name with a folder in it is refused, not cut.
        preservePath: true,
        limits: {
          files: 1,
          fileSize: LIBRARY_FILE_BYTES,
          fields: FIELDS.length,
          fieldNameSize: 64,
          fieldSize: FIELD_BYTES,
          parts: FIELDS.length + 1,
          headerPairs: 32,
        },
      });
    } catch (error) {
      return reject(malformed(error));
    }
    const source = Readable.from([body]);
    // The parser's types promise a name; a damaged part has none.
    parser.on('file', (field: string | undefined, stream, name: string | undefined) => {
      const chunks: Buffer[] = [];
      if (field?.toLowerCase() !== 'file')
        refuse(
          new ApiError(
            'InvalidRequestBody',
            `The form has no field ${JSON.stringify(field?.slice(0, 64) ?? '')} for a file.`,
          ),
        );
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('limit', () =>
        refuse(new ApiError('PayloadTooLarge', `A library file may hold ${LIBRARY_FILE_BYTES} bytes.`)),
      );
      stream.on('error', (error) => refuse(malformed(error)));
      stream.on('end', () => {
        file = { name: name ?? '', content: Buffer.concat(chunks) };
      });
    });
    parser.on('field', (written: string | undefined, value: string, nameTruncated, valueTruncated) => {
      const name = FIELDS.find((field) => field === written?.toLowerCase());
      if (!name || nameTruncated)
        return refuse(
          new ApiError(
            'InvalidRequestBody',
            `The form has no field ${JSON.stringify(written?.slice(0, 64) ?? '')}.`,
          ),
        );
      if (valueTruncated || value.length > MAX_TEXT)
        return refuse(new ApiError('InvalidInput', `${written} is longer than ${MAX_TEXT} characters.`));
      if (fields.has(name))
        return refuse(new ApiError('InvalidRequestBody', `${written} stands twice in the form.`));
      if (value.includes('\0'))
        return refuse(new ApiError('InvalidInput', `${written} holds a zero character.`));
      fields.set(name, value);
    });
    for (const limit of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const)
      parser.on(limit, () =>
        refuse(new ApiError('InvalidRequestBody', 'The form holds more parts than it may.')),
      );
    parser.on('error', (error) => refuse(malformed(error)));
    parser.on('finish', () => resolve({ file, fields }));
    source.on('error', (error) => refuse(malformed(error)));
    source.pipe(parser);
  });
}

/** Clients write True, true and 1. Null: not in the form. */
function truth(fields: ReadonlyMap<Field, string>, name: Field): boolean | null {
  const value = fields.get(name)?.trim().toLowerCase() ?? '';
  if (value === '') return null;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new ApiError('InvalidInput', `${name} must be true or false.`);
}
