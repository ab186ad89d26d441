/** What a text that somebody searches for may be. Pure. */

export type Found =
  | { readonly kind: 'device'; readonly id: string }
  | { readonly kind: 'file'; readonly hash: string }
  | { readonly kind: 'ip'; readonly address: string }
  | { readonly kind: 'domain'; readonly host: string }
  | { readonly kind: 'alert'; readonly id: string };

const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;
const HOST = /^(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}$/i;

/** What the text names by itself, whether there is such a thing or not. */
export function thingsNamed(text: string): Found[] {
  const wanted = text.trim();
  const found: Found[] = [];
  if (/^[0-9a-f]{40}$/i.test(wanted)) found.push({ kind: 'device', id: wanted.toLowerCase() });
  if (/^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(wanted))
    found.push({ kind: 'file', hash: wanted.toLowerCase() });
  if (/^da\d+_-?\d+$/.test(wanted)) found.push({ kind: 'alert', id: wanted });
  if (isAddress(wanted)) found.push({ kind: 'ip', address: wanted });
  const host = hostOf(wanted);
  if (host !== null) found.push({ kind: 'domain', host });
  return found;
}

function isAddress(text: string): boolean {
  if (IPV4.test(text)) return text.split('.').every((part) => Number(part) <= 255);
  if (!/^[0-9a-f:.]{2,45}$/i.test(text) || !text.includes(':')) return false;
  return URL.canParse(`http://[${text}]/`);
}

function hostOf(text: string): string | null {
  if (HOST.test(text)) return text.toLowerCase();
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const { hostname } = new URL(text);
  return HOST.test(hostname) ? hostname : null;
}
