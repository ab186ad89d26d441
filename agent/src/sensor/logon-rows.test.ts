import { describe, expect, it } from 'vitest';
import { parseAuditRecord } from './audit-records.ts';
import { LogonRows } from './logon-rows.ts';

const T = '2026-11-24T00:00:00.0000000Z';
const context = {
  accountName: (uid: number) => (uid === 0 ? 'root' : uid === 1000 ? 'ann' : null),
  groupName: (gid: number) => (gid === 1002 ? 'staff' : null),
  accountDomain: 'host',
  isAdmin: (name: string) => (name === 'root' ? true : null),
};

/** Rows of records written as `<type> <fields> | <message>`, a second apart. */
function rows(...records: string[]) {
  const make = new LogonRows(context);
  return records.flatMap((text, i) => {
    const [, type, trusted, message] = /^(\d+) (.*) \| (.*)$/.exec(text) ?? [];
    const record = parseAuditRecord(Number(type), `audit(${1000 + i}.000:${i}): ${trusted} msg='${message}'`);
    const made = record === null ? null : make.rowOf(record, T);
    return made === null ? [] : [made];
  });
}

const who = 'pid=50 uid=0 auid=1000 ses=3';

describe('logons', () => {
  it('are a success when a session opens', () => {
    const [made, ...others] = rows(
      `1100 ${who} | op=PAM:authentication acct="ann" exe="/usr/sbin/sshd" hostname=laptop addr=198.51.100.7 terminal=ssh res=success`,
      `1105 ${who} | op=PAM:session_open acct="ann" exe="/usr/sbin/sshd" hostname=laptop addr=198.51.100.7 terminal=ssh res=success`,
    );
    expect(others).toEqual([]);
    expect(made?.pid).toBe(50);
    expect(made?.row).toMatchObject({
      Table: 'DeviceLogonEvents',
      ActionType: 'LogonSuccess',
      LogonType: 'Network',
      AccountName: 'ann',
      AccountDomain: 'host',
      LogonId: 3,
      RemoteIP: '198.51.100.7',
      RemoteIPType: 'Public',
      RemoteDeviceName: 'laptop',
      Protocol: 'sshd',
    });
  });

  it('are a failure once, though PAM and sshd both tell', () => {
    const made = rows(
      `1100 pid=51 uid=0 | op=PAM:authentication acct="root" exe="/usr/sbin/sshd" addr=198.51.100.7 terminal=ssh res=failed`,
      `1112 pid=51 uid=0 | op=login acct="root" exe="/usr/sbin/sshd" addr=198.51.100.7 terminal=ssh res=failed`,
    );
    expect(made.map((m) => m.row.ActionType)).toEqual(['LogonFailed']);
    expect(made[0]?.row).toMatchObject({ FailureReason: 'InvalidUserNameOrPassword', IsLocalAdmin: true });
  });

  it('count each attempt of one connection', () => {
    const attempt =
      '1100 pid=52 uid=0 | op=PAM:authentication acct="ann" exe="/usr/sbin/sshd" terminal=ssh res=failed';
    expect(rows(attempt, attempt, attempt)).toHaveLength(3);
  });

  it('leave out the session manager and tell cron as batch', () => {
    const made = rows(
      `1105 ${who} | op=PAM:session_open acct="ann" exe="/usr/lib/systemd/systemd" terminal=? res=success`,
      `1105 ${who} | op=PAM:session_open acct="root" exe="/usr/sbin/cron" terminal=cron res=success`,
    );
    expect(made.map((m) => m.row.LogonType)).toEqual(['Batch']);
  });
});

describe('accounts', () => {
  it('are told once, though the tool tells every file it writes', () => {
    const made = rows(
      `1116 ${who} | op=adding group to /etc/group id=1002 exe="/usr/sbin/groupadd" res=success`,
      `1116 ${who} | op=adding group to /etc/gshadow id=1002 exe="/usr/sbin/groupadd" res=success`,
      `1116 ${who} | op= id=1002 exe="/usr/sbin/groupadd" res=success`,
      `1114 ${who} | op=adding home directory id=1003 exe="/usr/sbin/useradd" res=success`,
    );
    expect(made.map(({ row }) => [row.ActionType, row.AccountName])).toEqual([
      ['SecurityGroupCreated', 'staff'],
    ]);
  });

  it('wait for a name that is not written yet', () => {
    const [made] = rows(`1114 ${who} | op=adding user id=1003 exe="/usr/sbin/useradd" res=success`);
    expect(made?.row).toMatchObject({ ActionType: 'UserAccountCreated', AccountName: '1003' });
    expect(made?.unnamed).toEqual({ kind: 'user', id: 1003 });
  });

  it('tell membership, passwords and other changes apart', () => {
    const made = rows(
      `1108 ${who} | op=adding user to group acct="ann" exe="/usr/sbin/usermod" res=success`,
      `1101 ${who} | op=user ann removed by root from group staff acct="staff" exe="/usr/bin/gpasswd" res=success`,
      `1108 ${who} | op=PAM:chauthtok acct="ann" exe="/usr/bin/passwd" res=success`,
      `1108 ${who} | op=changing home directory acct="ann" exe="/usr/sbin/usermod" res=success`,
      `1101 ${who} | op=PAM:accounting acct="ann" exe="/usr/bin/su" res=success`,
    );
    expect(made.map(({ row }) => row.ActionType)).toEqual([
      'UserAccountAddedToLocalGroup',
      'UserAccountRemovedFromLocalGroup',
      'PasswordChangeAttempt',
      'UserAccountModified',
    ]);
  });

  it('tell a sudo command with who ran it', () => {
    const [made] = rows(
      `1123 pid=9 uid=1000 auid=1000 ses=4 | cwd="/home/ann" cmd=6C73202D6C exe="/usr/bin/sudo" terminal=pts/0 res=success`,
    );
    expect(made?.row).toMatchObject({ ActionType: 'SudoCommand', AccountName: 'ann', LogonId: 4 });
    expect(JSON.parse(String(made?.row.AdditionalFields))).toMatchObject({
      Command: 'ls -l',
      CurrentWorkingDirectory: '/home/ann',
    });
  });
});
