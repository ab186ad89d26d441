/** `/api/v1.0` pins the only version there is; `/api` means the newest. Every API route answers under both. */
export function twins(path: string): string[] {
  return path.startsWith('/api/') ? [path, `/api/v1.0/${path.slice('/api/'.length)}`] : [path];
}

/** A path as routes are compared: lower case, single slashes, no trailing slash. Query cut off. */
export function fold(url: string): string {
  const path = (url.split('?', 1)[0] ?? '').replaceAll(/\/{2,}/g, '/').toLowerCase();
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path || '/';
}

/** Addresses that programs and devices call; a miss there is a JSON 404, never the portal's page. */
export function isProgramPath(folded: string): boolean {
  return (
    /^\/(api|siem|device|collect|scim|v1\.0|openapi\.json|healthz|readyz|metrics)(\/|$)/.test(folded) ||
    /^\/[^/]+\/(oauth2|discovery|v2\.0|\.well-known)(\/|$)/.test(folded)
  );
}

/** Some clients encode every `$`, also that of `/$count` and `/$metadata`. What stands behind the `?` is decoded by whoever reads it. */
export function withPlainDollars(url: string): string {
  if (!url.includes('%24')) return url;
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  return path.replaceAll('%24', '$') + url.slice(path.length);
}
