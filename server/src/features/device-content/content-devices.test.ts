import type { ToDevice } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { ContentDevices, type HeldTopics } from './content-devices.ts';

const topic = 'indicators';
const held = (version: number, scope = '0'): HeldTopics => ({
  content: { [topic]: version },
  contentScopes: { [topic]: scope },
});

function setup() {
  const devices = new ContentDevices();
  const frames: string[] = [];
  const connect = (id: string, holds: HeldTopics, scope = '0') => {
    const say = (frame: ToDevice) => {
      if (frame.type === 'content') frames.push(`${id} ${frame.version}`);
    };
    devices.heard('t', id, holds, say);
    devices.place('t', new Map([[id, scope]]));
    return say;
  };
  const tell = (heads: Record<string, number>, now = 0) => {
    const newest = heads[''] ?? Math.max(100, ...Object.values(heads));
    devices.tell('t', topic, new Map(Object.entries({ ...heads, '': newest })), devices.idsOf('t'), now);
    return frames.splice(0);
  };
  return { devices, connect, tell, frames };
}

describe('connected devices', () => {
  it('are told when they hold less than there is for them, and only then', () => {
    const { connect, tell } = setup();
    connect('new', {});
    connect('behind', held(3));
    connect('current', held(7));
    connect('other group', held(3, '9'), '9');
    expect(tell({ '0': 7 })).toEqual(['new 7', 'behind 7']);
    expect(tell({ '0': 7, '*': 8 })).toEqual(['new 8', 'behind 8', 'current 8', 'other group 8']);
  });

  it('are told once of a version, and again when they still hold less after a while', () => {
    const { connect, tell } = setup();
    connect('a', held(1));
    expect(tell({ '*': 2 }, 0)).toEqual(['a 2']);
    expect(tell({ '*': 2 }, 29_999)).toEqual([]);
    expect(tell({ '*': 2 }, 30_000)).toEqual(['a 2']);
    expect(tell({ '*': 3 }, 30_001)).toEqual(['a 3']);
  });

  it('are told when they are of another scope than what they hold, however new that is', () => {
    const { connect, tell, devices } = setup();
    const say = connect('a', held(9, '0'), '0');
    expect(tell({ '0': 9, '4': 5 })).toEqual([]);
    devices.place('t', new Map([['a', '4']]));
    expect(tell({ '0': 9, '4': 5 })).toEqual(['a 5']);
    devices.heard('t', 'a', held(10, '4'), say);
    expect(tell({ '0': 9, '4': 5 }, 60_000)).toEqual([]);
  });

  it('are told when they hold more than there is: the server was set back', () => {
    const { connect, tell } = setup();
    connect('a', held(50));
    expect(tell({ '*': 40, '': 50 })).toEqual([]);
    expect(tell({ '*': 40, '': 49 })).toEqual(['a 40']);
  });

  it('are not told before it is known where they belong', () => {
    const { devices, tell } = setup();
    const frames: ToDevice[] = [];
    expect(devices.heard('t', 'a', {}, (frame) => frames.push(frame))).toBe(true);
    tell({ '*': 1 });
    expect(frames).toEqual([]);
  });

  it('are remembered by their newest connection', () => {
    const { devices, connect, tell } = setup();
    const first = connect('a', held(1));
    const second = connect('a', held(1));
    devices.left('t', 'a', first);
    expect(tell({ '*': 2 })).toEqual(['a 2']);
    devices.left('t', 'a', second);
    expect(devices.idsOf('t')).toEqual([]);
    expect(devices.scopeOf('t', 'a')).toBeNull();
  });
});
