import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAuditRecord } from './audit-records.ts';

describe('audit records', () => {
  it('keep what the kernel says apart from what a program says', () => {
    const record = parseAuditRecord(
      1100,
      `audit(1795557363.993:237): pid=6438 uid=1001 auid=4294967295 ses=4294967295 msg='op=PAM:authentication grantors=? acct="root" exe="/usr/bin/su" hostname=? addr=? terminal=? res=failed'`,
    );
    expect(record).toMatchObject({ type: 1100, timeMs: 1795557363993, serial: 237 });
    expect(record?.trusted.get('uid')).toBe('1001');
    expect(record?.trusted.has('acct')).toBe(false);
    expect(record?.message.get('acct')).toBe('root');
  });

  it('does not let a program speak for the kernel', () => {
    const record = parseAuditRecord(
      1100,
      `audit(1.000:1): pid=5 uid=0 msg='op=login acct="a" exe="/x" pid=1 uid=1000 msg='uid=7' res=success'`,
    );
    expect(record?.trusted.get('pid')).toBe('5');
    expect(record?.trusted.get('uid')).toBe('0');
    expect(record?.message.get('res')).toBe('success');
  });

  it('read operations of several words and names sent as hex', () => {
    const record = parseAuditRecord(
      1108,
      `audit(1795557363.957:224): pid=6419 uid=0 msg='op=adding user to group acct=62C3B662 exe="/usr/sbin/usermod" res=success'\0`,
    );
    expect(record?.message.get('op')).toBe('adding user to group');
    expect(record?.message.get('acct')).toBe('böb');
    expect(record?.message.get('exe')).toBe('/usr/sbin/usermod');
  });

  it('leave a quoted value that looks like hex alone', () => {
    expect(parseAuditRecord(1100, `audit(1.000:1): msg='acct="ABBA"'`)?.message.get('acct')).toBe(undefined);
    expect(parseAuditRecord(1100, `audit(1.000:1): pid=1 msg='acct="ABBA"'`)?.message.get('acct')).toBe(
      'ABBA',
    );
  });

  it('are null for anything else, and never throw', () => {
    expect(parseAuditRecord(1, 'hello')).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => void parseAuditRecord(1100, `audit(1.000:1): ${text}`)));
  });

  it('take time in proportion to their length', () => {
    const text = `audit(1.000:1): pid=1 msg='${'a '.repeat(4000)}${'x='.repeat(4000)}'`;
    expect(parseAuditRecord(1100, text)?.trusted.get('pid')).toBe('1');
  });
});
