/** An entity of an alert as a line of text, and its page in the portal. Pure. */
import type { AlertEvidence } from '@merlon/contract';

export function entityText(e: AlertEvidence): string {
  switch (e.entityType) {
    case 'Process':
      return e.processCommandLine ?? e.fileName ?? 'unknown process';
    case 'File':
      return [e.filePath, e.fileName]
        .filter(Boolean)
        .join(e.filePath?.includes('\\') ? '\\' : '/')
        .replace('//', '/');
    case 'Ip':
      return e.ipAddress ?? '';
    case 'Url':
      return e.url ?? '';
    case 'User':
      return [e.domainName, e.accountName].filter(Boolean).join('\\');
    case 'Registry':
      return [e.registryHive, e.registryKey, e.registryValueName].filter(Boolean).join('\\');
  }
}

export type EntityLink =
  | { readonly to: '/files/$hash'; readonly params: { readonly hash: string } }
  | { readonly to: '/ips/$address'; readonly params: { readonly address: string } }
  | { readonly to: '/domains/$host'; readonly params: { readonly host: string } }
  | { readonly to: '/users/$user'; readonly params: { readonly user: string } };

/** Null for what has no page: registry values, files without a hash, addresses without a host name. */
export function entityLink(e: AlertEvidence): EntityLink | null {
  switch (e.entityType) {
    case 'Process':
    case 'File': {
      const hash = e.sha1 ?? e.sha256;
      return hash === null ? null : { to: '/files/$hash', params: { hash } };
    }
    case 'Ip':
      return e.ipAddress === null ? null : { to: '/ips/$address', params: { address: e.ipAddress } };
    case 'Url': {
      const host = hostOf(e.url ?? '');
      return host === null ? null : { to: '/domains/$host', params: { host } };
    }
    case 'User':
      return e.accountName === null ? null : { to: '/users/$user', params: { user: entityText(e) } };
    case 'Registry':
      return null;
  }
}

function hostOf(url: string): string | null {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
  if (!URL.canParse(whole)) return null;
  const { hostname } = new URL(whole);
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/i.test(hostname) && !/^[\d.]+$/.test(hostname) ? hostname : null;
}
