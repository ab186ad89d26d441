import { describe, expect, it } from 'vitest';
import { domainFromPunycode, domainToPunycode, fromPunycode, toPunycode } from './punycode.ts';

describe('Punycode', () => {
  it.each([
    ['académie-française', 'acadmie-franaise-npb1a'],
    ['艺术', 'cqv902d'],
    ['abc', 'abc-'],
    ['', ''],
    ['😀a', 'a-iv3s'],
  ])('%s', (text, encoded) => {
    expect(toPunycode(text)).toBe(encoded);
    expect(fromPunycode(encoded)).toBe(text);
  });

  it('gives nothing for what it cannot read', () => {
    for (const text of ['é', 'a-!', '99999999', 'zzzzzzzzzzzzzzz'])
      expect(fromPunycode(text)).toBeUndefined();
  });

  it('goes by labels, whichever dot is between them', () => {
    expect(domainToPunycode('Riðill｡org')).toBe('xn--Riill-jta.org');
    expect(domainFromPunycode('xn--Ge-mia.Bulg.edu')).toBe('Gáe.Bulg.edu');
    expect(domainFromPunycode('xn--!.edu')).toBeUndefined();
  });
});
