import { describe, expect, it } from 'vitest';
import { eventReader } from './event-stream.ts';

describe('the reader of events', () => {
  it('gives an event once it is whole, however it was cut', () => {
    const text =
      'retry: 2000\n\nevent: changes\nid: 5\ndata: {"a":1}\n\n: \n\nevent: reset\nid: 6\ndata: {}\n\n';
    const expected = [
      { event: 'changes', id: '5', data: '{"a":1}' },
      { event: 'reset', id: '6', data: '{}' },
    ];
    for (const size of [1, 3, 7, text.length]) {
      const read = eventReader();
      const found = [];
      for (let at = 0; at < text.length; at += size) found.push(...read(text.slice(at, at + size)));
      expect(found).toEqual(expected);
    }
  });

  it('joins lines of data and takes the other line end', () => {
    expect(eventReader()('data: a\r\ndata: b\r\n\r\n')).toEqual([{ event: 'message', id: '', data: 'a\nb' }]);
  });

  it('does not keep what never ends', () => {
    const read = eventReader();
    expect(read(`data: ${'x'.repeat(1_100_000)}`)).toEqual([]);
    expect(read('\n\ndata: y\n\n')).toEqual([{ event: 'message', id: '', data: 'y' }]);
  });
});
