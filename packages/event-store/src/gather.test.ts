import { describe, expect, it } from 'vitest';
import { gathered } from './gather.ts';

/** A store that answers when told to. */
function store(answer: (keys: readonly string[]) => ReadonlyMap<string, string>) {
  const asked: { about: string; keys: readonly string[]; go: () => void }[] = [];
  const read = (about: string, keys: readonly string[]) =>
    new Promise<ReadonlyMap<string, string>>((done, failed) => {
      const go = () => {
        try {
          done(answer(keys));
        } catch (error) {
          failed(error);
        }
      };
      asked.push({ about, keys, go });
    });
  return { asked, get: gathered(read, (about) => about) };
}

const upper = (keys: readonly string[]) => new Map(keys.map((key) => [key, key.toUpperCase()]));
const turn = () => new Promise((done) => setImmediate(done));

describe('gathered reads', () => {
  it('asks at once for the first, and together for those that came meanwhile', async () => {
    const { asked, get } = store(upper);
    const answers = ['a', 'b', 'c', 'b'].map((key) => get('t', key));
    expect(asked.map(({ keys }) => keys)).toEqual([['a']]);
    asked[0]?.go();
    await turn();
    expect(asked.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c']]);
    asked[1]?.go();
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'B']);
    const later = get('t', 'd');
    expect(asked[2]?.keys).toEqual(['d']);
    asked[2]?.go();
    expect(await later).toBe('D');
  });

  it('never mixes what is asked about different things', async () => {
    const { asked, get } = store(upper);
    const answers = [get('one', 'a'), get('two', 'a'), get('one', 'b')];
    expect(asked.map(({ about, keys }) => [about, keys])).toEqual([
      ['one', ['a']],
      ['two', ['a']],
    ]);
    for (const { go } of asked.splice(0)) go();
    await turn();
    expect(asked.map(({ about, keys }) => [about, keys])).toEqual([['one', ['b']]]);
    asked[0]?.go();
    expect(await Promise.all(answers)).toEqual(['A', 'A', 'B']);
  });

  it('asks at once again when an answer has come', async () => {
    const { asked, get } = store(upper);
    const first = get('t', 'a').then(() => get('t', 'b'));
    asked[0]?.go();
    await turn();
    asked[1]?.go();
    expect(await first).toBe('B');
  });

  it('says null of what is not there', async () => {
    const { asked, get } = store(() => new Map());
    const answer = get('t', 'a');
    asked[0]?.go();
    expect(await answer).toBeNull();
  });

  it('lets none fail by another', async () => {
    const { asked, get } = store((keys) => {
      if (keys.includes('bad')) throw new Error('too much');
      return upper(keys);
    });
    const first = get('t', 'a');
    const [good, bad] = [get('t', 'good'), get('t', 'bad')];
    const fault = expect(bad).rejects.toThrow('too much');
    asked[0]?.go();
    await turn();
    asked[1]?.go();
    await turn();
    for (const { go } of asked.slice(2)) go();
    expect(await first).toBe('A');
    expect(await good).toBe('GOOD');
    await fault;
  });
});
