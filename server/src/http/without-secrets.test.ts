import { describe, expect, it } from 'vitest';
import { withoutSecrets } from './without-secrets.ts';

describe('a body for the audit trail', () => {
  it('keeps what was ordered and no secret', () => {
    const body = {
      Comment: 'mines',
      list: [{ clientSecret: 'abc', days: 3 }],
      Password: 'x',
      token: null,
      nested: { connectionString: 'y', apiKey: 'z', keyCount: 2 },
    };
    expect(withoutSecrets(body)).toEqual({
      Comment: 'mines',
      list: [{ clientSecret: '(removed)', days: 3 }],
      Password: '(removed)',
      token: null,
      nested: { connectionString: '(removed)', apiKey: '(removed)', keyCount: 2 },
    });
  });

  it('masks what the author of a query marked as secret, under any spelling of its name', () => {
    const query = 'print h"hunter2", "open"';
    const masked = 'print h"***", "open"';
    expect(withoutSecrets({ Query: query, query, kqlQuery: [query], text: query })).toEqual({
      Query: masked,
      query: masked,
      kqlQuery: [masked],
      text: query,
    });
  });

  it('keeps nothing that a store does not take', () => {
    expect(withoutSecrets({ 'a\0': ['x\0y', '\ud800', '\udc00z', '😀'] })).toEqual({
      'a\ufffd': ['x\ufffdy', '\ufffd', '\ufffdz', '😀'],
    });
  });
});
