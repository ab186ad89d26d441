import { describe, expect, it } from 'vitest';
import { createSealer } from './sealed.ts';

describe('sealed facts', () => {
  let now = new Date('2026-11-25T08:00:00Z');
  const sealer = createSealer('key', 'consent', () => now);

  it('come back as they went, until their end', () => {
    const text = sealer.seal({ tenant: 't' }, 60);
    expect(sealer.open(text)).toMatchObject({ tenant: 't' });
    now = new Date('2026-11-25T08:01:00Z');
    expect(sealer.open(text)).toBeNull();
  });

  it('are of no use changed, for another purpose, or by another key', () => {
    const text = sealer.seal({ tenant: 't' }, 60);
    const [, mark] = text.split('.');
    const forged = `${Buffer.from('{"tenant":"u","ends":"9999999999999"}').toString('base64url')}.${mark}`;
    expect(sealer.open(forged)).toBeNull();
    expect(sealer.open('')).toBeNull();
    expect(createSealer('key', 'guest', () => now).open(text)).toBeNull();
    expect(createSealer('other', 'consent', () => now).open(text)).toBeNull();
  });
});
