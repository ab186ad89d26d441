/** DeviceLogonEvents and account DeviceEvents out of audit records. Pure but for the memory of what was told already. */
import { AUDIT_TYPE, type AuditRecord } from './audit-records.ts';
import { additionalFields, ipType } from './rows.ts';
import type { SensorRow } from './sensor.ts';

/** Program that authenticated -> MDE's logon type. Others are Interactive with a terminal and Batch without. */
const LOGON_TYPES: ReadonlyMap<string, string> = new Map([
  ['sshd', 'Network'],
  ['sshd-session', 'Network'],
  ['sshd-auth', 'Network'],
  ['vsftpd', 'Network'],
  ['smbd', 'Network'],
  ['login', 'Interactive'],
  ['su', 'Interactive'],
  ['sudo', 'Interactive'],
  ['gdm-session-worker', 'Interactive'],
  ['lightdm', 'Interactive'],
  ['sddm-helper', 'Interactive'],
  ['xrdp-sesman', 'RemoteInteractive'],
  ['cron', 'Batch'],
  ['crond', 'Batch'],
  ['atd', 'Batch'],
]);
/** Opens a session beside every real one. */
const SESSION_MANAGERS = new Set(['systemd', '(systemd)', 'systemd-user']);
const UNSET = '4294967295';
/** A failed ssh logon is told by PAM and by sshd: one row. */
const SAME_FAILURE_MS = 5000;
const MAX_REMEMBERED = 1024;

/** One step after another of one tool (`/etc/group`, then `/etc/gshadow`): one row. */
const SAME_CHANGE_MS = 5000;

export interface LogonContext {
  accountName(uid: number): string | null;
  groupName(gid: number): string | null;
  accountDomain: string;
  isAdmin(account: string): boolean | null;
}

/** A row and the process that caused its record, for the caller to describe. */
export interface LogonRow {
  row: SensorRow;
  pid: number;
  /** Set when AccountName is still only this id: the account is being made, and its name can be looked up a moment later. */
  unnamed: { kind: 'user' | 'group'; id: number } | null;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** libaudit writes "?" for what it does not know. */
function value(record: AuditRecord, key: string): string | undefined {
  const found = record.message.get(key);
  return found === undefined || found === '?' || found === '' || found === '(null)' ? undefined : found;
}

/** Remembers what was told lately. */
class Recent {
  #times = new Map<string, number>();

  /** Whether the key was noted within `ms` before `at`; notes it. */
  repeats(key: string, at: number, ms: number): boolean {
    const before = this.#times.get(key);
    this.#times.delete(key);
    this.#times.set(key, at);
    if (this.#times.size > MAX_REMEMBERED) {
      const [oldest] = this.#times.keys();
      if (oldest !== undefined) this.#times.delete(oldest);
    }
    return before !== undefined && at - before < ms;
  }
}

/** gpasswd tells it in a sentence: user X added by Y to group Z. */
const MEMBERSHIP = /^user (\S+) (added|removed) by \S+ (?:to|from) group (\S+)$/;

/** What shadow-utils say they did, as an action; null for a step that is no change of its own. */
function accountAction(type: number, operation: string): string | null {
  if (/home directory|mail (file|spool)/.test(operation) && type !== AUDIT_TYPE.userChangeToken) return null;
  switch (type) {
    case AUDIT_TYPE.addUser:
      return 'UserAccountCreated';
    case AUDIT_TYPE.deleteUser:
      return 'UserAccountDeleted';
    case AUDIT_TYPE.addGroup:
      return 'SecurityGroupCreated';
    case AUDIT_TYPE.deleteGroup:
      return 'SecurityGroupDeleted';
    default:
      if (/add.*(to.*group|member)/.test(operation)) return 'UserAccountAddedToLocalGroup';
      if (/(delet|remov).*(from.*group|member)/.test(operation)) return 'UserAccountRemovedFromLocalGroup';
      if (/passw|chauthtok/i.test(operation)) return 'PasswordChangeAttempt';
      return 'UserAccountModified';
  }
}

const GROUP_ACTIONS = new Set(['SecurityGroupCreated', 'SecurityGroupDeleted']);

export class LogonRows {
  #context: LogonContext;
  #recent = new Recent();

  constructor(context: LogonContext) {
    this.#context = context;
  }

  rowOf(record: AuditRecord, timestamp: string): LogonRow | null {
    const pid = Number(record.trusted.get('pid') ?? 0);
    switch (record.type) {
      case AUDIT_TYPE.userAuth:
      case AUDIT_TYPE.userLogin:
        // A success is followed by a session; a failure is the last one hears.
        return value(record, 'res') === 'failed' ? this.#failed(record, timestamp, pid) : null;
      case AUDIT_TYPE.userStart:
        return value(record, 'res') === 'success' && value(record, 'op')?.endsWith('session_open') === true
          ? this.#logon(record, timestamp, pid, 'LogonSuccess')
          : null;
      case AUDIT_TYPE.userCommand:
        return this.#command(record, timestamp, pid);
      case AUDIT_TYPE.userAccount:
        return this.#membership(record, timestamp, pid);
      case AUDIT_TYPE.addUser:
      case AUDIT_TYPE.deleteUser:
      case AUDIT_TYPE.addGroup:
      case AUDIT_TYPE.deleteGroup:
      case AUDIT_TYPE.userChangeToken:
      case AUDIT_TYPE.userManagement:
      case AUDIT_TYPE.groupManagement:
        return this.#account(record, timestamp, pid);
      default:
        return null;
    }
  }

  #failed(r: AuditRecord, timestamp: string, pid: number): LogonRow | null {
    // Several attempts of one connection are told one by one by PAM, and once more by sshd at its end.
    const repeated = this.#recent.repeats(
      `failed ${pid} ${value(r, 'acct') ?? ''}`,
      r.timeMs,
      SAME_FAILURE_MS,
    );
    if (r.type === AUDIT_TYPE.userLogin && repeated) return null;
    const made = this.#logon(r, timestamp, pid, 'LogonFailed');
    if (made !== null) made.row.FailureReason = 'InvalidUserNameOrPassword';
    return made;
  }

  #logon(
    r: AuditRecord,
    timestamp: string,
    pid: number,
    action: 'LogonSuccess' | 'LogonFailed',
  ): LogonRow | null {
    const exe = value(r, 'exe') ?? '';
    const program = baseName(exe);
    const account = value(r, 'acct') ?? this.#userName(value(r, 'id'));
    if (SESSION_MANAGERS.has(program) || account === undefined) return null;
    const terminal = value(r, 'terminal');
    const row: SensorRow = {
      Table: 'DeviceLogonEvents',
      Timestamp: timestamp,
      ActionType: action,
      LogonType:
        LOGON_TYPES.get(program) ?? (terminal === undefined || terminal === 'cron' ? 'Batch' : 'Interactive'),
      AccountName: account,
      AccountDomain: this.#context.accountDomain,
      Protocol: program,
    };
    const admin = this.#context.isAdmin(account);
    if (admin !== null) row.IsLocalAdmin = admin;
    this.#setSession(row, r);
    const address = value(r, 'addr');
    if (address !== undefined) {
      row.RemoteIP = address;
      row.RemoteIPType = ipType(address);
    }
    const host = value(r, 'hostname');
    if (host !== undefined && host !== address) row.RemoteDeviceName = host;
    this.#setDetails(row, r, {});
    return { row, pid, unnamed: null };
  }

  #command(r: AuditRecord, timestamp: string, pid: number): LogonRow {
    const row = this.#event(timestamp, 'SudoCommand', this.#userName(r.trusted.get('uid')));
    this.#setSession(row, r);
    this.#setDetails(row, r, { Command: value(r, 'cmd'), CurrentWorkingDirectory: value(r, 'cwd') });
    return { row, pid, unnamed: null };
  }

  #membership(r: AuditRecord, timestamp: string, pid: number): LogonRow | null {
    const told = MEMBERSHIP.exec(value(r, 'op') ?? '');
    if (told === null) return null;
    const action = told[2] === 'added' ? 'UserAccountAddedToLocalGroup' : 'UserAccountRemovedFromLocalGroup';
    const row = this.#event(timestamp, action, told[1]);
    this.#setDetails(row, r, { Group: told[3] });
    return { row, pid, unnamed: null };
  }

  #account(r: AuditRecord, timestamp: string, pid: number): LogonRow | null {
    const action = accountAction(r.type, value(r, 'op') ?? '');
    if (action === null) return null;
    const kind = GROUP_ACTIONS.has(action) ? 'group' : 'user';
    const id = Number(value(r, 'id') ?? Number.NaN);
    const name =
      value(r, 'acct') ?? (kind === 'group' ? this.#context.groupName(id) : this.#context.accountName(id));
    if (this.#recent.repeats(`${action} ${pid} ${name ?? id}`, r.timeMs, SAME_CHANGE_MS)) return null;
    const row = this.#event(timestamp, action, name ?? String(id));
    this.#setDetails(row, r, { Group: value(r, 'grp') });
    return { row, pid, unnamed: name === null && !Number.isNaN(id) ? { kind, id } : null };
  }

  #event(timestamp: string, action: string, account: string | undefined): SensorRow {
    const row: SensorRow = { Table: 'DeviceEvents', Timestamp: timestamp, ActionType: action };
    if (account !== undefined) {
      row.AccountName = account;
      row.AccountDomain = this.#context.accountDomain;
    }
    return row;
  }

  #userName(uid: string | undefined): string | undefined {
    if (uid === undefined || uid === UNSET) return undefined;
    return this.#context.accountName(Number(uid)) ?? uid;
  }

  #setSession(row: SensorRow, r: AuditRecord): void {
    const session = r.trusted.get('ses');
    if (session !== undefined && session !== UNSET) row.LogonId = Number(session);
  }

  #setDetails(row: SensorRow, r: AuditRecord, fields: Record<string, unknown>): void {
    const extra = additionalFields({
      ...fields,
      Operation: value(r, 'op'),
      Executable: value(r, 'exe'),
      Terminal: value(r, 'terminal'),
      Result: value(r, 'res'),
      LoginAccountName: this.#userName(r.trusted.get('auid')),
    });
    if (extra !== undefined) row.AdditionalFields = extra;
  }
}
