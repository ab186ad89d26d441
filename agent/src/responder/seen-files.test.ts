import { describe, expect, it } from 'vitest';
import { SeenFiles } from './seen-files.ts';

const row = (Table: string, FolderPath: string, more = {}) => ({ Table, Timestamp: '', FolderPath, ...more });

describe('SeenFiles', () => {
  it('knows where a file was executed, then what was written last', () => {
    const seen = new SeenFiles();
    seen.take(row('DeviceFileEvents', '/tmp/a', { ActionType: 'FileCreated' }));
    seen.take(row('DeviceFileEvents', '/tmp/b', { ActionType: 'FileModified' }));
    seen.take(row('DeviceFileEvents', '/tmp/gone', { ActionType: 'FileCreated' }));
    seen.take(row('DeviceFileEvents', '/tmp/gone', { ActionType: 'FileDeleted' }));
    seen.take(row('DeviceProcessEvents', '/opt/x', { SHA1: 'one', SHA256: 'two' }));
    seen.take(row('DeviceProcessEvents', 'memfd:x', { SHA1: 'three' }));
    expect(seen.pathsOf('one')).toEqual(['/opt/x', '/tmp/b', '/tmp/a']);
    expect(seen.pathsOf('two')[0]).toBe('/opt/x');
    expect(seen.pathsOf('three')).toEqual(['/tmp/b', '/tmp/a']);
  });

  it('keeps no more than it may', () => {
    const seen = new SeenFiles();
    for (let i = 0; i < 3_000; i++)
      seen.take(row('DeviceFileEvents', `/tmp/${i}`, { ActionType: 'FileCreated' }));
    for (let i = 0; i < 20_000; i++) seen.take(row('DeviceProcessEvents', '/x', { SHA256: String(i) }));
    expect(seen.pathsOf('0')).toHaveLength(1_024);
    expect(seen.pathsOf('19999')).toHaveLength(1_025);
  });
});
