import { describe, expect, it } from 'vitest';
import { eventText, momentOf } from './event-text.ts';

describe('the text of an event', () => {
  it('is one event of the stream, whatever the data holds', () => {
    const text = eventText('changes', '1764082800000', { alerts: { ids: ['a\nb', 'data: c'], more: false } });
    expect(text.split('\n')).toEqual([
      'event: changes',
      'id: 1764082800000',
      'data: {"alerts":{"ids":["a\\nb","data: c"],"more":false}}',
      '',
      '',
    ]);
  });

  it('takes back only moments of its own form', () => {
    expect(momentOf('1764082800000')).toEqual(new Date(1_764_082_800_000));
    for (const foreign of [undefined, '', '12', 'abc', '17640828000001', '-764082800000']) {
      expect(momentOf(foreign)).toBeNull();
    }
  });
});
