/** Reads audit records as the kernel multicasts them: `audit(<seconds>.<ms>:<serial>): key=value … msg='key=value …'`. */

/** Record types the sensor listens for. Numbers: linux/audit.h and libaudit. */
export const AUDIT_TYPE = {
  userAuth: 1100,
  userAccount: 1101,
  userManagement: 1102,
  userStart: 1105,
  userChangeToken: 1108,
  userLogin: 1112,
  addUser: 1114,
  deleteUser: 1115,
  addGroup: 1116,
  deleteGroup: 1117,
  test: 1120,
  userCommand: 1123,
  groupManagement: 1132,
} as const;

export interface AuditRecord {
  type: number;
  /** Milliseconds since 1970. */
  timeMs: number;
  serial: number;
  /** The kernel's own fields: pid, uid, auid, ses. */
  trusted: ReadonlyMap<string, string>;
  /** What the sending program said, inside `msg='…'`. */
  message: ReadonlyMap<string, string>;
}

const HEAD = /^audit\((\d{1,12})\.(\d{3}):(\d{1,20})\): ?/;
/**
 * Values: "quoted", 'quoted' or bare. Quoted values hold no quote of their kind: such text is sent as hex instead. A bare one may be
 * several words (`op=adding user to group`): it ends where the next key begins.
 */
const FIELD =
  /([A-Za-z_][A-Za-z0-9_-]*)=(?:"([^"]*)"|'([^']*)'|([^\s'"=]*(?: (?![A-Za-z_][A-Za-z0-9_-]*=)[^\s'"=]+)*))/g;
/** Fields that libaudit writes as hex when the text has spaces, quotes or control characters. */
const ENCODED = new Set(['acct', 'cmd', 'cwd', 'exe', 'comm', 'grp', 'data', 'new_group', 'unit']);
const HEX = /^(?:[0-9A-F]{2})+$/;

function fields(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const m of text.matchAll(FIELD)) {
    const [, key, double, single, bare] = m;
    if (key === undefined) continue;
    let value = double ?? single ?? bare ?? '';
    // A quoted value is literal: only a bare one may be hex.
    if (bare !== undefined && ENCODED.has(key) && HEX.test(bare)) {
      value = Buffer.from(bare, 'hex').toString('utf8').replaceAll('\0', ' ').trimEnd();
    }
    found.set(key, value);
  }
  return found;
}

/** Senders end their text with NUL or a line feed; auditd's own additions follow a group separator. */
function upToControl(text: string): string {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 32) return text.slice(0, i);
  return text;
}

/** The record of a netlink message's type and text; null when it is not one. */
export function parseAuditRecord(type: number, text: string): AuditRecord | null {
  const head = HEAD.exec(text);
  if (head === null) return null;
  const rest = upToControl(text.slice(head[0].length));
  const open = rest.indexOf(" msg='");
  const close = rest.lastIndexOf("'");
  const inner = open >= 0 && close > open + 6 ? rest.slice(open + 6, close) : '';
  return {
    type,
    timeMs: Number(head[1]) * 1000 + Number(head[2]),
    serial: Number(head[3]),
    trusted: fields(open >= 0 ? rest.slice(0, open) : rest),
    message: fields(inner),
  };
}
