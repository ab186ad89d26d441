/** ETags of resources, and the conditions of a request on them (RFC 7644 §3.14, RFC 9110 §13.1). Pure. */
import { createHash } from 'node:crypto';

/** @param content everything the resource says. */
export function versionOf(content: readonly unknown[]): string {
  return `W/"${createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22)}"`;
}

/** Whether a header names the version. Weakly compared, since all of ours are weak. */
export function namesVersion(header: string | undefined, version: string): boolean {
  if (header === undefined) return false;
  const strong = (tag: string) => tag.trim().replace(/^W\//, '');
  return header.split(',').some((tag) => tag.trim() === '*' || strong(tag) === strong(version));
}
