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

export interface LogonContext {
  /** Name of a user id given as text. */
  accountName(uid: string): string;
  accountDomain: string;
  isAdmin(account: string): boolean | null;
}

/** The rows' subject process, for the caller to describe. */
export interface LogonRow {
  row: SensorRow;
  pid: number;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** libaudit writes "?" for what it does not know. */
function value(record: AuditRecord, key: string): string | undefined {
  const found = record.message.get(key);
  return found === undefined || found === '?' || found === '' || found === '(null)' ? undefined : found;
}

export class LogonRows {
  #context: LogonContext;
  #failures = new Map<string, number>();

  constructor(context: LogonContext) {
    this.#context = context;
  }

  rowsOf(record: AuditRecord, timestamp: string): LogonRow[] {
    const pid = Number(record.trusted.get('pid') ?? 0);
    const row = this.#row(record, timestamp, pid);
    return row === null ? [] : [{ row, pid }];
  }

  #row(r: AuditRecord, timestamp: string, pid: number): SensorRow | null {
    switch (r.type) {
      case AUDIT_TYPE.userAuth:
        // Success here is followed by a session; a failure is the last one hears.
        return value(r, 'res') === 'failed' ? this.#failed(r, timestamp, pid) : null;
      case AUDIT_TYPE.userLogin:
        return value(r, 'res') === 'failed' ? this.#failed(r, timestamp, pid) : null;
      case AUDIT_TYPE.userStart:
        return value(r, 'res') === 'success' && value(r, 'op')?.endsWith('session_open')
          ? this.#logon(r, timestamp, 'LogonSuccess')
          : null;
      case AUDIT_TYPE.userCommand:
        return this.#event(r, timestamp, 'SudoCommand', { Command: value(r, 'cmd'), Cwd: value(r, 'cwd') });
      case AUDIT_TYPE.addUser:
        return this.#account(r, timestamp, 'UserAccountCreated');
      case AUDIT_TYPE.deleteUser:
        return this.#account(r, timestamp, 'UserAccountDeleted');
      case AUDIT_TYPE.addGroup:
        return this.#account(r, timestamp, 'SecurityGroupCreated');
      case AUDIT_TYPE.deleteGroup:
        return this.#account(r, timestamp, 'SecurityGroupDeleted');
      case AUDIT_TYPE.userChangeToken:
        return this.#account(r, timestamp, 'PasswordChangeAttempt');
      case AUDIT_TYPE.userManagement:
      case AUDIT_TYPE.groupManagement:
        return this.#account(r, timestamp, managementAction(value(r, 'op') ?? ''));
      default:
        return null;
    }
  }

  #failed(r: AuditRecord, timestamp: string, pid: number): SensorRow | null {
    const key = `${pid} ${value(r, 'acct') ?? value(r, 'id') ?? ''}`;
    const before = this.#failures.get(key);
    // Several attempts of one connection are told one by one by PAM, and once more by sshd at its end.
    if (r.type === AUDIT_TYPE.userLogin && before !== undefined && r.timeMs - before < SAME_FAILURE_MS)
      return null;
    this.#failures.delete(key);
    this.#failures.set(key, r.timeMs);
    if (this.#failures.size > MAX_REMEMBERED) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    const row = this.#logon(r, timestamp, 'LogonFailed');
    if (row !== null) row.FailureReason = 'InvalidUserNameOrPassword';
    return row;
  }

  #logon(r: AuditRecord, timestamp: string, action: 'LogonSuccess' | 'LogonFailed'): SensorRow | null {
    const exe = value(r, 'exe') ?? '';
    const program = baseName(exe);
    if (SESSION_MANAGERS.has(program)) return null;
    const account = this.#subject(r);
    if (account === undefined) return null;
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
    const session = r.trusted.get('ses');
    if (session !== undefined && session !== UNSET) row.LogonId = Number(session);
    const address = value(r, 'addr');
    if (address !== undefined) {
      row.RemoteIP = address;
      row.RemoteIPType = ipType(address);
    }
    const host = value(r, 'hostname');
    if (host !== undefined && host !== address) row.RemoteDeviceName = host;
    this.#add(row, { Terminal: terminal, Operation: value(r, 'op'), Executable: exe });
    return row;
  }

  #account(r: AuditRecord, timestamp: string, action: string): SensorRow | null {
    return this.#event(r, timestamp, action, { Operation: value(r, 'op'), Group: value(r, 'grp') });
  }

  #event(
    r: AuditRecord,
    timestamp: string,
    action: string,
    extra: Record<string, unknown>,
  ): SensorRow | null {
    const row: SensorRow = { Table: 'DeviceEvents', Timestamp: timestamp, ActionType: action };
    const account =
      action === 'SudoCommand' ? this.#context.accountName(r.trusted.get('uid') ?? '') : this.#subject(r);
    if (account !== undefined) {
      row.AccountName = account;
      row.AccountDomain = this.#context.accountDomain;
    }
    const session = r.trusted.get('ses');
    if (session !== undefined && session !== UNSET) row.LogonId = Number(session);
    const login = r.trusted.get('auid');
    this.#add(row, {
      ...extra,
      Terminal: value(r, 'terminal'),
      Executable: value(r, 'exe'),
      Result: value(r, 'res'),
      LoginAccountName: login === undefined || login === UNSET ? undefined : this.#context.accountName(login),
    });
    return row;
  }

  /** Whom it is about: by name, or by number where the program gave only that. */
  #subject(r: AuditRecord): string | undefined {
    const name = value(r, 'acct');
    if (name !== undefined) return name;
    const id = value(r, 'id');
    return id === undefined ? undefined : this.#context.accountName(id);
  }

  #add(row: SensorRow, fields: Record<string, unknown>): void {
    const extra = additionalFields(fields);
    if (extra !== undefined) row.AdditionalFields = extra;
  }
}

/** shadow-utils say what they did in words. */
function managementAction(operation: string): string {
  if (/add.*(to.*group|member)/.test(operation)) return 'UserAccountAddedToLocalGroup';
  if (/(delet|remov).*(from.*group|member)/.test(operation)) return 'UserAccountRemovedFromLocalGroup';
  return 'UserAccountModified';
}
