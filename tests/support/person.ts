/** A person with a browser, by plain requests: keeps cookies, follows redirects, fills in the sign-in pages. */
import { cookieJar } from './cookie-jar.ts';
import type { Answer, TestServer } from './server.ts';

export interface Person {
  /** Opens an address, signs in where asked, and gives the address that the client gets in the end. */
  follow(address: string): Promise<URL>;
  /** Enters the code a program shows, says yes, signs in. */
  enterDeviceCode(address: string, code: string): Promise<void>;
}

const MAX_STEPS = 12;

export function person(server: TestServer, account: { name: string; password: string }): Person {
  const visit = cookieJar(server.call, server.url);

  /** Goes on until an address outside the server, or a page that asks nothing more. */
  async function goOn(first: Answer, from: string): Promise<{ answer: Answer; outside: URL | null }> {
    let answer = first;
    let at = from;
    for (let step = 0; step < MAX_STEPS; step++) {
      const next = answer.headers.location;
      if (next !== undefined) {
        const url = new URL(next, new URL(at, server.url));
        if (url.origin !== server.url) return { answer, outside: url };
        at = url.href;
        answer = await visit(at);
      } else if (answer.text.includes('name="password"')) {
        answer = await visit(at, { form: { username: account.name, password: account.password } });
      } else return { answer, outside: null };
    }
    throw new Error(`the sign-in goes round: ${at}`);
  }

  return {
    async follow(address) {
      const { answer, outside } = await goOn(await visit(address), address);
      if (!outside) throw new Error(`the sign-in ended with ${answer.status}: ${answer.text}`);
      return outside;
    },
    async enterDeviceCode(address, code) {
      const page = await visit(address);
      const action = new URL(/action="([^"]+)"/.exec(page.text)?.[1] ?? '', server.url).href;
      const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
      const asked = await visit(action, { form: { xsrf, user_code: code } });
      if (!asked.text.includes(code))
        throw new Error(`the code was not taken: ${asked.status} ${asked.text}`);
      const confirmed = await visit(action, { form: { xsrf, user_code: code, confirm: 'yes' } });
      const { answer } = await goOn(confirmed, action);
      if (answer.status !== 200 || !answer.text.includes('Signed in'))
        throw new Error(`the device sign-in ended with ${answer.status}: ${answer.text}`);
    },
  };
}
