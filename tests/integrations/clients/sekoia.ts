/** Sekoia.io, MicrosoftDefender: alerts and incidents by the time of their last update, page after page to the end. */
import { Connection, formQuery, type Page, type Row } from '../traffic.ts';

/** Milliseconds as its times are written: six digits of a second. */
const written = (time: number) => new Date(time).toISOString().replace('Z', '000Z');

export class Sekoia extends Connection {
  readonly name = 'Sekoia.io';
  readonly #path: '/api/alerts' | '/api/incidents';
  #mostRecent: number;

  constructor(deployment: Connection['deployment'], path: '/api/alerts' | '/api/incidents', since: string) {
    super(deployment);
    this.#path = path;
    this.#mostRecent = Date.parse(since);
  }

  /** Asks for the token by GET, the form in its body. */
  signIn(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    return this.signInWith(`/${tenantId}/oauth2/token`, {
      method: 'GET',
      form: {
        resource: 'https://api.securitycenter.microsoft.com',
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'client_credentials',
      },
    });
  }

  async fetchEvents(): Promise<readonly Row[]> {
    const found: Row[] = [];
    const query = formQuery({
      $filter: `lastUpdateTime gt ${written(this.#mostRecent)}`,
      $orderby: 'lastUpdateTime asc',
    });
    let url: string | undefined = `${this.#path}?${query}`;
    while (url !== undefined) {
      const answer = await this.send(url, { headers: { authorization: `Bearer ${this.token}` } });
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
      const page: Page = answer.json();
      if (page.value.length === 0) break;
      found.push(...page.value);
      url = page['@odata.nextLink'];
    }
    for (const { lastUpdateTime } of found)
      this.#mostRecent = Math.max(this.#mostRecent, Date.parse(lastUpdateTime));
    return found;
  }

  /** Its action writes the address with a slash at the end. */
  async updateAlert(id: string, change: object): Promise<Row> {
    const answer = await this.send(`/api/alerts/${id}/`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${this.token}` },
      json: change,
    });
    if (answer.status >= 400) throw new Error(answer.text);
    return answer.json();
  }
}
