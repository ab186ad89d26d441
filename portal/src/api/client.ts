/** Calls to Merlon's public API, in the name of whoever is signed in. */
import type { Session } from '../session/session.ts';
import { ApiProblem } from './api-problem.ts';

export interface ApiClient {
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, body: object, signal?: AbortSignal): Promise<T>;
  patch<T>(path: string, body: object): Promise<T>;
}

/** A page of a set. */
export interface Page<T> {
  readonly '@odata.count'?: number;
  readonly '@odata.nextLink'?: string;
  readonly value: readonly T[];
}

/** @param signInAgain called when the session has ended; the call itself then throws `Unauthorized`. */
export function createApiClient(
  session: Pick<Session, 'accessToken' | 'renew'>,
  signInAgain: () => void,
  fetcher: typeof fetch = fetch,
): ApiClient {
  async function call<T>(
    method: string,
    path: string,
    body: object | undefined,
    signal?: AbortSignal,
  ): Promise<T> {
    let token = await session.accessToken();
    let response = token === null ? null : await send(method, path, body, token, signal);
    if (response?.status === 401) {
      token = await session.renew();
      response = token === null ? null : await send(method, path, body, token, signal);
    }
    if (!response) {
      signInAgain();
      throw new ApiProblem(401, 'Unauthorized', 'Your session has ended. Sign in again.');
    }
    if (!response.ok) throw await ApiProblem.of(response);
    return (await response.json()) as T;
  }

  async function send(
    method: string,
    path: string,
    body: object | undefined,
    token: string,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    try {
      return await fetcher(path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiProblem(0, 'Unreachable', 'The server cannot be reached.');
    }
  }

  return {
    get: (path, signal) => call('GET', path, undefined, signal),
    post: (path, body, signal) => call('POST', path, body, signal),
    patch: (path, body) => call('PATCH', path, body),
  };
}
