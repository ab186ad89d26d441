import { describe, expect, it } from 'vitest';
import { parameterText, queryBody } from './query-body.ts';

describe('a query as a request body', () => {
  it('carries statement and parameters as parts', () => {
    const { contentType, body } = queryBody('SELECT {a:String}', { a: 'x\ny' });
    const boundary = /boundary=(.+)$/.exec(contentType)?.[1];
    expect(body.toString()).toBe(
      `--${boundary}\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT {a:String}\r\n` +
        `--${boundary}\r\nContent-Disposition: form-data; name="param_a"\r\n\r\nx\\ny\r\n--${boundary}--\r\n`,
    );
  });

  it('writes values as ClickHouse reads them', () => {
    expect(parameterText("a'b\\c\0\r\n\t")).toBe("a\\'b\\\\c\\0\\r\\n\\t");
    expect(parameterText(["it's", 1, null, true, [2n]])).toBe("['it\\'s',1,NULL,true,[2]]");
    expect([null, Number.NaN, Number.NEGATIVE_INFINITY].map(parameterText)).toEqual(['\\N', 'nan', '-inf']);
  });

  it('refuses what it cannot carry', () => {
    expect(() => parameterText({})).toThrow(TypeError);
    expect(() => parameterText(undefined)).toThrow(TypeError);
    expect(() => queryBody('', { 'a"; x="': 1 })).toThrow(TypeError);
  });
});
