import { describe, expect, it } from 'vitest';
import { type FileChange, FileEvents } from './file-events.ts';

const by = { pid: 7, process: null };
const other = { pid: 8, process: null };

function events() {
  const told: FileChange[] = [];
  return {
    told,
    on: new FileEvents((change) => told.push(change)),
    actions: () => told.map((c) => `${c.action} ${c.path}`),
  };
}

describe('file events', () => {
  it('tell making and first writing as one creation', () => {
    const e = events();
    e.on.created('/a', by, 0, false);
    expect(e.told).toEqual([]);
    e.on.written('/a', by, 500);
    e.on.created('/b', by, 600, true);
    expect(e.actions()).toEqual(['FileCreated /a', 'FileCreated /b']);
    expect(e.told[0]?.atMs).toBe(0);
  });

  it('tell a creation that is not written after a second', () => {
    const e = events();
    e.on.created('/a', by, 0, false);
    expect(e.on.sweep(400)).toBe(600);
    expect(e.on.sweep(1000)).toBeNull();
    expect(e.actions()).toEqual(['FileCreated /a']);
  });

  it('tell repeated writing by one process once in ten seconds, and count', () => {
    const e = events();
    for (const at of [0, 1000, 9999, 10_000]) e.on.written('/log', by, at);
    e.on.written('/log', other, 1000);
    expect(e.actions()).toEqual(['FileModified /log', 'FileModified /log', 'FileModified /log']);
    expect(e.on.repeated).toBe(2);
  });

  it('keep the order of creation, renaming and deletion', () => {
    const e = events();
    e.on.created('/a.tmp', by, 0, false);
    e.on.renamed('/a.tmp', '/a', by, 1);
    e.on.created('/c', by, 2, false);
    e.on.deleted('/c', by, 3);
    expect(e.actions()).toEqual(['FileCreated /a.tmp', 'FileRenamed /a', 'FileCreated /c', 'FileDeleted /c']);
    expect(e.told[1]?.previousPath).toBe('/a.tmp');
  });

  it('hold a bounded number of creations and lose none', () => {
    const e = events();
    for (let i = 0; i < 5000; i++) e.on.created(`/f${i}`, by, 0, false);
    e.on.flush();
    expect(new Set(e.told.map((c) => c.path)).size).toBe(5000);
  });
});
