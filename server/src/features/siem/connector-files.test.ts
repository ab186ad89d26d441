import { SiemDetection } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { arcsightMapping, arcsightParser } from './arcsight-mapping.ts';
import { connectionOf } from './connection.ts';
import { CONNECTOR_KINDS, connectorFiles } from './connector-files.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const known = {
  ...connectionOf(TENANT, 'https://merlon.example:8443', []),
  clientId: '22222222-2222-4222-8222-222222222222',
};

describe('the connection of a tenant', () => {
  it('is the prefix, or the first name of its own under the same port', () => {
    expect(known.eventsUrl).toBe('https://merlon.example:8443/siem/api/alerts');
    const named = (origin: string) => connectionOf(TENANT, origin, ['siem.example', 'other.example']);
    expect(named('https://merlon.example:8443').eventsUrl).toBe('https://siem.example:8443/api/alerts');
    expect(named('https://merlon.example').eventsUrl).toBe('https://siem.example/api/alerts');
    expect(known.tokenUrl).toBe(`https://merlon.example:8443/${TENANT}/oauth2/token`);
  });
});

describe('ready-made settings', () => {
  it.each(CONNECTOR_KINDS)(
    '%s hold the secrets handed in, and say where those go that were not',
    async (kind) => {
      const text = async (secrets: object) =>
        (await connectorFiles(kind, { ...known, ...secrets }))
          .filter(({ name }) => !name.endsWith('.zip'))
          .map(({ content }) => content.toString())
          .join('\n');
      const filled = await text({ clientSecret: 's3cret', accessToken: 'acc', refreshToken: 'ref' });
      expect(filled).toContain('s3cret');
      expect(filled).not.toContain('shown once');
      const open = await text({});
      expect(open).toContain('<the client secret, shown once>');
      expect(open).toContain(known.clientId);
      expect(open).toContain(known.tokenUrl);
    },
  );
});

describe('the parser for ArcSight', () => {
  it('has a token for each property, and an event field for each row of the mapping', () => {
    const lines = arcsightParser().split('\n');
    const fields = Object.keys(SiemDetection.properties);
    expect(lines).toContain(`token.count=${fields.length}`);
    expect(lines.filter((line) => /^token\[\d+\]\.location=/.test(line))).toHaveLength(fields.length);
    for (const { event } of arcsightMapping)
      expect(lines.filter((line) => line.startsWith(`event.${event}=`))).toHaveLength(1);
    expect(new Set(arcsightMapping.map(({ event }) => event)).size).toBe(arcsightMapping.length);
    expect(lines).toContain('event.name=AlertTitle');
    expect(lines).toContain('event.deviceVendor=__stringConstant("Microsoft")');
    expect(lines).toContain('event.deviceCustomString6Label=__stringConstant("Sha256")');
  });
});
