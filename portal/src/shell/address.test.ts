import { describe, expect, it } from 'vitest';
import { choices, readList, text } from './address.ts';

describe('addresses of lists', () => {
  it('keep what is meaningful and drop the rest', () => {
    expect(readList({ q: 'web', sort: 'lastSeen desc', page: 3, other: 1 })).toEqual({
      q: 'web',
      sort: 'lastSeen desc',
      page: 3,
    });
    expect(readList({ q: '', page: 'x' })).toEqual({});
    expect(readList({ page: 1 })).toEqual({});
    expect(text('q', { q: 12 })).toEqual({ q: '12' });
  });

  it('take only known choices', () => {
    expect(choices('risk', { risk: ['High', 'Odd'] }, ['High', 'Low'])).toEqual({ risk: ['High'] });
    expect(choices('risk', { risk: 'Odd' }, ['High'])).toEqual({});
    expect(choices('tag', { tag: 'dmz' })).toEqual({ tag: ['dmz'] });
  });
});
