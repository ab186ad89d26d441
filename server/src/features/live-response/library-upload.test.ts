import { ApiError } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { LIBRARY_FILE_BYTES, readLibraryUpload } from './library-upload.ts';

const script = new TextEncoder().encode('#!/bin/sh\nid\n');

/** As fetch sends it. */
async function sent(fill: (form: FormData) => void): Promise<[Buffer, string]> {
  const form = new FormData();
  fill(form);
  const answer = new Response(form);
  return [Buffer.from(await answer.arrayBuffer()), answer.headers.get('content-type') ?? ''];
}
const file =
  (name: string, content: Uint8Array<ArrayBuffer> = script, field = 'file') =>
  (form: FormData) =>
    form.set(field, new Blob([content]), name);
const withFile = (fill: (form: FormData) => void) => (form: FormData) => {
  file('a')(form);
  fill(form);
};
const read = async (fill: (form: FormData) => void) => readLibraryUpload(...(await sent(fill)));
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (error: unknown) => (error instanceof ApiError ? error.code : String(error)),
  );

describe('the upload form of the library', () => {
  it('takes what the sample of the reference sends', async () => {
    const upload = await read((form) => {
      file('minidump.sh')(form);
      form.set('ParametersDescription', 'test');
      form.set('HasParameters', 'true');
      form.set('OverrideIfExists', 'true');
      form.set('Description', 'test description');
    });
    expect(upload).toEqual({
      fileName: 'minidump.sh',
      content: Buffer.from(script),
      description: 'test description',
      parametersDescription: 'test',
      hasParameters: true,
      overrideIfExists: true,
    });
  });

  it('takes the spellings of other clients, and a file alone', async () => {
    expect(
      await read((form) => {
        file('a.sh', script, 'File')(form);
        form.set('overrideifexists', 'False');
        form.set('parametersDescription', 'one word');
      }),
    ).toMatchObject({ overrideIfExists: false, hasParameters: true, description: null });
    expect(await read(file('ünïcode name.sh'))).toMatchObject({
      fileName: 'ünïcode name.sh',
      hasParameters: false,
    });
  });

  it.each<[string, (form: FormData) => void, string]>([
    ['no file', (form) => form.set('Description', 'x'), 'MissingRequiredParameter'],
    ['a path', file('../../etc/passwd'), 'InvalidInput'],
    ['a path of Windows', file('..\\boot.ini'), 'InvalidInput'],
    ['the folder itself', file('..'), 'InvalidInput'],
    ['no name to speak of', file('   '), 'InvalidInput'],
    ['a name of 300 bytes', file('x'.repeat(300)), 'InvalidInput'],
    [
      'a field of another name',
      withFile((form) => {
        form.set('Extra', '1');
      }),
      'InvalidRequestBody',
    ],
    ['a file under another name', file('a', script, 'upload'), 'InvalidRequestBody'],
    [
      'two files',
      withFile((form) => {
        form.append('file', new Blob([script]), 'b');
      }),
      'InvalidRequestBody',
    ],
    [
      'a truth that is none',
      withFile((form) => {
        form.set('HasParameters', 'yes');
      }),
      'InvalidInput',
    ],
    [
      'a text without end',
      withFile((form) => {
        form.set('Description', 'x'.repeat(40_000));
      }),
      'InvalidInput',
    ],
    [
      'a field twice',
      withFile((form) => {
        form.append('Description', '1');
        form.append('Description', '2');
      }),
      'InvalidRequestBody',
    ],
    ['a file of more than 20 MB', file('big', new Uint8Array(LIBRARY_FILE_BYTES + 1)), 'PayloadTooLarge'],
  ])('refuses %s', async (_name, fill, code) => {
    expect(await refusal(read(fill))).toBe(code);
  });

  it('takes a file of 20 MB', async () => {
    expect((await read(file('big', new Uint8Array(LIBRARY_FILE_BYTES)))).content.length).toBe(
      LIBRARY_FILE_BYTES,
    );
  });

  it('refuses other kinds of body', async () => {
    expect(await refusal(readLibraryUpload(Buffer.from('{}'), 'application/json'))).toBe(
      'UnsupportedMediaType',
    );
    expect(await refusal(readLibraryUpload(Buffer.from('x'), undefined))).toBe('UnsupportedMediaType');
    expect(await refusal(readLibraryUpload(Buffer.from('x'), 'multipart/form-data; charset=x'))).toBe(
      'InvalidRequestBody',
    );
    expect(await refusal(readLibraryUpload(Buffer.from('x'), 'multipart/form-data; boundary=b'))).toBe(
      'InvalidRequestBody',
    );
  });

  it('answers every damaged form by name', async () => {
    const [body, type] = await sent((form) => {
      file('a.sh')(form);
      form.set('Description', 'text');
    });
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return seed % below;
    };
    const seen = new Set<string>();
    for (let round = 0; round < 1_000; round++) {
      const damaged = Buffer.from(body);
      for (let hits = 1 + random(6); hits > 0; hits--) damaged[random(damaged.length)] = random(256);
      const cut = random(3) === 0 ? damaged.subarray(0, random(damaged.length)) : damaged;
      seen.add(await refusal(readLibraryUpload(cut, random(20) === 0 ? type.slice(0, random(40)) : type)));
    }
    seen.delete('taken');
    expect([...seen].sort()).toEqual(
      ['InvalidInput', 'InvalidRequestBody', 'MissingRequiredParameter', 'UnsupportedMediaType'].filter(
        (code) => seen.has(code),
      ),
    );
    expect(seen.size).toBeGreaterThan(1);
  }, 20_000);
});
