import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { DeviceKey } from './device-key.ts';

const folder = temporaryFolders();

describe('DeviceKey', () => {
  it('is made once, readable by its owner alone, and loads as the same key', async () => {
    const path = join(await folder(), 'device.key');
    const made = await DeviceKey.create(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await DeviceKey.load(path))?.publicJwk).toEqual(made.publicJwk);
    expect(await readFile(path, 'utf8')).not.toContain(made.publicJwk.x);
  });

  it('signs what another library verifies, and has the thumbprint of RFC 7638', async () => {
    const key = DeviceKey.ephemeral();
    const jws = key.sign('some+jwt', { a: 1 });
    const verified = await compactVerify(jws, await importJWK(key.publicJwk, 'EdDSA'), {
      algorithms: ['EdDSA'],
    });
    expect(verified.protectedHeader).toEqual({ alg: 'EdDSA', typ: 'some+jwt' });
    expect(JSON.parse(Buffer.from(verified.payload).toString())).toEqual({ a: 1 });
    expect(key.thumbprint).toBe(await calculateJwkThumbprint(key.publicJwk, 'sha256'));
  });

  it('is null where there is none, and refuses a file that others read or that holds no key', async () => {
    const dir = await folder();
    expect(await DeviceKey.load(join(dir, 'none'))).toBeNull();
    await DeviceKey.create(join(dir, 'open'));
    await chmod(join(dir, 'open'), 0o644);
    await expect(DeviceKey.load(join(dir, 'open'))).rejects.toThrow(/read by others/);
    await writeFile(join(dir, 'junk'), 'junk', { mode: 0o600 });
    await expect(DeviceKey.load(join(dir, 'junk'))).rejects.toThrow(/usable device key/);
  });
});
