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
});
