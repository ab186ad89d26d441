import { describe, expect, it } from 'vitest';
import { distinct, type Entity, NOTHING } from './entity.ts';

const sha1 = 'a'.repeat(40);
const sha256 = 'b'.repeat(64);
const file = (more: Partial<Entity>): Entity => ({ ...NOTHING, kind: 'File', ...more });

describe('entities', () => {
  it('are one where their content is, however it is told', () => {
    const found = distinct(
      [
        file({ sha1, fileName: 'x', folders: ['/tmp'] }),
        file({ sha1, sha256, kind: 'Process', processId: 7, folders: ['/srv'], named: true }),
        file({ sha256, folders: ['/tmp'] }),
      ],
      10,
    );
    expect([...found.values()]).toEqual([
      { ...file({ sha1, sha256, fileName: 'x', folders: ['/tmp', '/srv'], processId: 7, named: true }) },
    ]);
  });

  it('are told apart by place where no hash is known, and accounts whatever their case', () => {
    const user = (accountName: string): Entity => ({ ...NOTHING, kind: 'User', accountName });
    const all = [
      file({ fileName: 'x', folders: ['/tmp'] }),
      file({ fileName: 'x', folders: ['/srv'] }),
      user('Ann'),
      user('ann'),
    ];
    expect(distinct(all, 10).size).toBe(3);
  });

  it('are no more than asked for, and what came first stays', () => {
    const many = Array.from(
      { length: 5 },
      (_, at): Entity => ({ ...NOTHING, kind: 'Ip', ipAddress: `10.0.0.${at}` }),
    );
    expect([...distinct(many, 2).values()].map(({ ipAddress }) => ipAddress)).toEqual([
      '10.0.0.0',
      '10.0.0.1',
    ]);
  });
});
