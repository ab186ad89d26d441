import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { StrangerConnections } from './stranger-connections.ts';

class Peer extends EventEmitter {
  ended = false;
  readonly remoteAddress: string;
  readonly remotePort: number;
  constructor(address: string, port: number) {
    super();
    this.remoteAddress = address;
    this.remotePort = port;
  }
  destroy(): this {
    this.ended = true;
    this.emit('close');
    return this;
  }
}

function open(limits: { perAddress: number; total: number }) {
  let displaced = 0;
  const strangers = new StrangerConnections(limits, () => {
    displaced += 1;
  });
  const connect = (address: string, port: number) => {
    const peer = new Peer(address, port);
    strangers.opened(peer as never);
    return peer;
  };
  return { strangers, connect, displaced: () => displaced };
}

describe('connections of strangers', () => {
  it('displace the oldest of the same address, and nobody else', () => {
    const { strangers, connect, displaced } = open({ perAddress: 2, total: 100 });
    const other = connect('10.0.0.9', 1);
    const [a, b, c] = [connect('10.0.0.1', 1), connect('10.0.0.1', 2), connect('10.0.0.1', 3)];
    expect([a, b, c, other].map((peer) => peer?.ended)).toEqual([true, false, false, false]);
    expect([strangers.size, displaced()]).toEqual([3, 1]);
  });

  it('count no more once somebody was admitted, or when they close', () => {
    const { strangers, connect } = open({ perAddress: 2, total: 100 });
    const known = connect('::ffff:10.0.0.1', 1);
    strangers.admitted(known);
    connect('10.0.0.1', 2).destroy();
    connect('10.0.0.1', 3);
    connect('10.0.0.1', 4);
    expect([known.ended, strangers.size]).toEqual([false, 2]);
  });

  it('take a /64 as one address, and the busiest address gives way when there are too many in all', () => {
    const { connect } = open({ perAddress: 3, total: 4 });
    const first = connect('2001:db8:1:2::1', 1);
    connect('2001:db8:1:2:ffff::7', 2);
    connect('2001:db8:1:2:0:0:0:9', 3);
    const lone = connect('2001:db8:1:3::1', 4);
    const another = connect('10.0.0.1', 5);
    expect([first.ended, lone.ended, another.ended]).toEqual([true, false, false]);
  });
});
