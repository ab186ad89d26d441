/** One line of an audit log: `type=SYSCALL msg=audit(1604996384.965:93777): arch=… syscall=59 …`, with `node=` in front where logs of several hosts come together. */

export interface AuditRecord {
  readonly type: string;
  /** `1604996384.965:93777`: the same on every record of an event. */
  readonly id: string;
  readonly node: string | null;
  /** Of the kernel, and of the program that sent it, in one: the names differ. */
  readonly fields: Readonly<Record<string, string>>;
}

const HEAD =
  /^(?:node=(\S{1,253}) )?type=([A-Z][A-Z0-9_]{1,40}|UNKNOWN\[\d+\]) msg=audit\((\d{1,12}\.\d{1,9}:\d{1,20})\): ?/;
/** Values: "quoted" or 'quoted'; or bare, up to where the next key begins. */
const FIELD =
  /([A-Za-z_][A-Za-z0-9_[\]-]*)=(?:"([^"]*)"|'([^']*)'|([^\s'"=]*(?: (?![A-Za-z_][A-Za-z0-9_[\]-]*=)[^\s'"=]+)*))/g;
/** Written as hex when the text has blanks, quotes or control characters. */
const ENCODED = /^(?:acct|cmd|cwd|exe|comm|grp|data|name|new_group|unit|proctitle|a\d+(?:\[\d+\])?)$/;
const HEX = /^(?:[0-9A-F]{2})+$/i;
const MAX_FIELDS = 2_000;
const GROUP_SEPARATOR = '\x1d';

/** Null when the line is no record. */
export function readAuditLine(line: string): AuditRecord | null {
  const head = HEAD.exec(line);
  const [, node, type, id] = head ?? [];
  if (!head || type === undefined || id === undefined) return null;
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  const [told = '', added = ''] = line.slice(head[0].length).split(GROUP_SEPARATOR, 2);
  const open = told.indexOf("msg='");
  const close = told.lastIndexOf("'");
  if (open >= 0 && close > open + 5) {
    take(told.slice(0, open), type, fields);
    take(told.slice(open + 5, close), type, fields);
  } else take(told, type, fields);
  // What auditd knew beside it, in capitals: `SYSCALL=execve AUID="ann"`.
  if (added !== '') take(added, type, fields);
  return { type, id, node: node ?? null, fields };
}

function take(text: string, type: string, fields: Record<string, string>): void {
  let count = 0;
  for (const [, key, double, single, bare] of text.matchAll(FIELD)) {
    if (key === undefined || ++count > MAX_FIELDS) return;
    const value = double ?? single ?? bare ?? '';
    // Of a system call `a0` is a number; of a command line it is text.
    const encoded = ENCODED.test(key) && (type === 'EXECVE' || !/^a\d/.test(key));
    fields[key] = bare !== undefined && encoded && HEX.test(bare) ? textOfHex(bare) : value;
  }
}

/** Words of a command line are parted by NUL there. */
export function textOfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf8').replaceAll('\0', ' ').trimEnd();
}
