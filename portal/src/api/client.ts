/** Calls to Merlon's public API, in the name of whoever is signed in. Its types are generated from the server's description. */
import createClient, { type Client } from 'openapi-fetch';
import type { Session } from '../session/session.ts';
import { ApiProblem } from './api-problem.ts';
import type { paths } from './openapi.ts';

/** What stands in an address of a list: see {@link odataParams}. */
export interface Page<T> {
  readonly '@odata.count'?: number;
  readonly '@odata.nextLink'?: string;
  readonly value: readonly T[];
}

export interface Api extends Client<paths> {
  /** A request of which the answer is wanted as it comes: a stream, a file. Throws ApiProblem unless it is a success. */
  send(path: string, init?: RequestInit): Promise<Response>;
}

/** @param signInAgain called when the session has ended; the call itself then throws `Unauthorized`. */
export function createApi(
  session: Pick<Session, 'accessToken' | 'renew'>,
  signInAgain: () => void,
  origin: string,
  fetcher: typeof fetch = fetch,
): Api {
  async function authorized(request: Request): Promise<Response> {
    let token = await session.accessToken();
    // A body can be sent once; the second try needs one of its own.
    let response = token === null ? null : await attempt(request.clone(), token);
    if (response?.status === 401) {
      token = await session.renew();
      response = token === null ? null : await attempt(request, token);
    }
    if (!response) {
      signInAgain();
      throw new ApiProblem(401, 'Unauthorized', 'Your session has ended. Sign in again.');
    }
    if (!response.ok) throw await ApiProblem.of(response);
    return response;
  }

  async function attempt(request: Request, token: string): Promise<Response> {
    request.headers.set('authorization', `Bearer ${token}`);
    try {
      return await fetcher(request);
    } catch (error) {
      if (request.signal.aborted) throw error;
      throw new ApiProblem(0, 'Unreachable', 'The server cannot be reached.');
    }
  }

  return {
    ...createClient<paths>({ baseUrl: origin, fetch: authorized }),
    send: (path, init) => authorized(new Request(origin + path, init)),
  };
}

/** The answer itself; whatever is no success has been thrown as ApiProblem. */
export async function answer<T>(call: Promise<{ readonly data?: T }>): Promise<T> {
  const { data } = await call;
  // Only an answer without a body has no data, and then T says so.
  return data as T;
}
