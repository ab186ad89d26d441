/** The one session and the one API client of this page. */
import { createApi } from './api/client.ts';
import { createSession } from './session/session.ts';

export const session = createSession({
  storage: sessionStorage,
  origin: location.origin,
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  go: (url) => location.assign(url),
});

/** Leaves for the sign-in pages and comes back here. */
export function signInAgain(): void {
  void session.begin(location.pathname + location.search);
}

export const api = createApi(session, signInAgain, location.origin);
