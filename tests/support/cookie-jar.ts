/** Requests as one browser makes them: the cookies it is given it sends back. */
import type { Answer, Call } from './server.ts';

export type Visit = (address: string, options?: Call) => Promise<Answer>;

export function cookieJar(call: (address: string, options?: Call) => Promise<Answer>, origin: string): Visit {
  const jar = new Map<string, string>();
  return async (address, options = {}) => {
    const cookie = [...jar].map(([key, value]) => `${key}=${value}`).join('; ');
    const answer = await call(new URL(address, origin).href, {
      ...options,
      headers: { ...options.headers, ...(cookie ? { cookie } : {}) },
    });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';');
      const cut = pair.indexOf('=');
      jar.set(pair.slice(0, cut), pair.slice(cut + 1));
    }
    return answer;
  };
}
