/** What a request for consent asks for, and where its answer may go. Pure. */
import { isAcceptedAudience, isDelegatedPermission } from '@merlon/contract';
import { AadstsError } from './aadsts.ts';
import type { App } from './apps.ts';

/** Delegated permissions, short names; `registered`: all that the application asks for in its registration, also as itself. */
export type ConsentScopes = 'registered' | readonly string[];

const OPENID_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

/** @throws AadstsError 70011 for a scope of another API or none */
export function consentScopes(scope: string | undefined): ConsentScopes {
  const names: string[] = [];
  let registered = scope === undefined;
  for (const one of (scope ?? '').split(/\s+/).filter((word) => word !== '' && !OPENID_SCOPES.has(word))) {
    const cut = one.lastIndexOf('/');
    const name = one.slice(cut + 1);
    if (cut >= 0 && !isAcceptedAudience(one.slice(0, cut)))
      throw new AadstsError(70011, `The scope '${one}' is not valid.`);
    if (cut >= 0 && name === '.default') registered = true;
    else if (isDelegatedPermission(name)) names.push(name);
    else throw new AadstsError(70011, `The scope '${one}' is not valid.`);
  }
  return registered ? 'registered' : [...new Set(names)];
}

/** Registered as it is; on a person's own machine any port will do (RFC 8252, 7.3). */
export function isRegisteredRedirect(app: Pick<App, 'redirectUris' | 'isPublic'>, address: string): boolean {
  if (app.redirectUris.includes(address)) return true;
  const wanted = loopback(address);
  return app.isPublic && wanted !== null && app.redirectUris.some((one) => loopback(one) === wanted);
}

function loopback(address: string): string | null {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol !== 'http:' || !['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) return null;
  url.port = '';
  return url.href;
}

/** The answer's address, with what is given added to its query. */
export function answerAddress(address: string, answer: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(answer))
    if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}
