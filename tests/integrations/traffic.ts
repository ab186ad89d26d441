/** What a replayed integration talks over: the server's address in place of the service's, and a count of what went out. */
import type { Answer, Call, TestApp, TestServer } from '../support/server.ts';

/** The address stands for `api.securitycenter.microsoft.com`, its like, and the hosts of the sign-in. */
export interface Deployment {
  readonly server: TestServer;
  readonly app: TestApp;
  readonly traffic: Traffic;
}

export class Traffic {
  readonly #requests = new Map<string, number>();

  count(integration: string): void {
    this.#requests.set(integration, (this.#requests.get(integration) ?? 0) + 1);
  }

  get requests(): number {
    return [...this.#requests.values()].reduce((sum, n) => sum + n, 0);
  }

  get integrations(): readonly string[] {
    return [...this.#requests.keys()].sort();
  }
}

/** A row of a collection, of whatever shape. */
// biome-ignore lint/suspicious/noExplicitAny: replayed clients look into rows of every set
export type Row = any;

export interface Page {
  readonly value: readonly Row[];
  readonly '@odata.nextLink'?: string;
}

/** One integration's side of the wire. */
export abstract class Connection {
  readonly deployment: Deployment;
  abstract readonly name: string;
  protected token = '';

  constructor(deployment: Deployment) {
    this.deployment = deployment;
  }

  /** Sends a request as the integration's HTTP library would; the path goes out as written. */
  protected send(path: string, call: Call = {}): Promise<Answer> {
    this.deployment.traffic.count(this.name);
    return this.deployment.server.call(path, call);
  }

  /** @throws with what was answered */
  protected async signInWith(path: string, call: Call): Promise<void> {
    const answer = await this.send(path, call);
    if (answer.status !== 200) throw new Error(`${this.name}: no token: ${answer.status} ${answer.text}`);
    this.token = answer.json().access_token;
  }

  /** The token is no longer taken, as after its hour. */
  forgetSignIn(): void {
    this.token = 'eyJhbGciOiJSUzI1NiJ9.e30.c3RhbGU';
  }
}

/** `requests` and `httpx` of Python encode parameters so, and `url.Values` of Go: a blank becomes `+`, a plus sign `%2B`. */
export function formQuery(params: Readonly<Record<string, string | number>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) query.append(name, String(value));
  return query.toString();
}
