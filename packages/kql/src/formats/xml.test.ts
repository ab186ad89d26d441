import { describe, expect, it } from 'vitest';
import { jsonOfXml } from './xml.ts';

describe('XML as JSON', () => {
  it.each([
    ['<e/>', '{"e":null}'],
    ['<e a="1">x</e>', '{"e":{"@a":"1","#text":"x"}}'],
    ["<e a='&lt;&#x41;'/>", '{"e":{"@a":"<A"}}'],
    ['<e><a/><b>2</b><a>3</a></e>', '{"e":{"a":[null,3],"b":2}}'],
    ['<!DOCTYPE e [<!ENTITY x "y">]><e>007</e>', '{"e":"007"}'],
    ['<e>&unknown;</e>', '{"e":"&unknown;"}'],
  ])('%s', (xml, json) => {
    expect(jsonOfXml(xml)).toBe(json);
  });

  it.each(['', 'x', '<e>', '</e>', '<e></f>', '<a/><b/>', '<e', '<e a=1/>', '<e>x</e>y', '<!-- <e/>'])(
    'gives nothing for %s',
    (xml) => {
      expect(jsonOfXml(xml)).toBe('');
    },
  );

  it('gives nothing for what is nested or long beyond its bounds', () => {
    expect(jsonOfXml('<a>'.repeat(300) + '</a>'.repeat(300))).toBe('');
    expect(jsonOfXml(`<e>${'x'.repeat(1_048_577)}</e>`)).toBe('');
  });
});
