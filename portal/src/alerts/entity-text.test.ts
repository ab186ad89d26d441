import type { AlertEvidence } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { entityLink } from './entity-text.ts';

const evidence = (entityType: string, more: Partial<AlertEvidence>) =>
  ({ sha1: null, sha256: null, ipAddress: null, accountName: null, ...more, entityType }) as AlertEvidence;

describe('the page of an entity', () => {
  it('is that of what it is', () => {
    expect(entityLink(evidence('Process', { sha256: 'b' }))).toEqual({
      to: '/files/$hash',
      params: { hash: 'b' },
    });
    expect(entityLink(evidence('Url', { url: 'https://evil.example/x' }))?.params).toEqual({
      host: 'evil.example',
    });
    expect(entityLink(evidence('User', { domainName: 'C', accountName: 'a' }))?.params).toEqual({
      user: 'C\\a',
    });
  });

  it('is none for what has none, whatever a device called it', () => {
    expect(entityLink(evidence('File', {}))).toBeNull();
    expect(entityLink(evidence('Registry', {}))).toBeNull();
    for (const url of ['', 'javascript:alert(1)', 'http://203.0.113.7/x', '"><img src=x>']) {
      expect(entityLink(evidence('Url', { url })), url).toBeNull();
    }
  });
});
