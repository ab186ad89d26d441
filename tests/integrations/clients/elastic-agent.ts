/** Elastic Agent: the packages microsoft_defender_endpoint (httpjson and CEL) and m365_defender (httpjson). */
import { Connection, formQuery, type Page, type Row } from '../traffic.ts';

type Resource = 'defender v1' | 'defender v2' | 'graph';

export class ElasticAgent extends Connection {
  readonly name = 'Elastic Agent';
  readonly #resource: Resource;

  constructor(deployment: Connection['deployment'], resource: Resource) {
    super(deployment);
    this.#resource = resource;
  }

  /** Go's OAuth client tries the secret in a header first. */
  signIn(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    const form = {
      'defender v1': { resource: 'https://api.securitycenter.windows.com/' },
      'defender v2': { scope: 'https://securitycenter.onmicrosoft.com/windowsatpservice/.default' },
      graph: { scope: 'https://graph.microsoft.com/.default' },
    }[this.#resource];
    const path = this.#resource === 'defender v1' ? 'oauth2/token' : 'oauth2/v2.0/token';
    const secret = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
    return this.signInWith(`/${tenantId}/${path}`, {
      form: { grant_type: 'client_credentials', ...form },
      headers: { authorization: `Basic ${Buffer.from(secret).toString('base64')}` },
    });
  }

  async get(path: string, params: Readonly<Record<string, string | number>>): Promise<Page> {
    const answer = await this.send(`${path}?${formQuery(params)}`, {
      headers: {
        authorization: `Bearer ${this.token}`,
        'user-agent': 'MdatpPartner-Elastic-Filebeat/1.0.0',
        accept: 'application/json',
      },
    });
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    return answer.json();
  }

  /** Stream `log`: what was updated since the alert that came last, whatever its place. */
  updatedAlerts(since: string) {
    let cursor = since;
    return async (): Promise<readonly Row[]> => {
      const { value } = await this.get('/api/alerts', {
        $expand: 'evidence',
        $filter: `lastUpdateTime gt ${cursor}`,
      });
      cursor = value.at(-1)?.lastUpdateTime ?? cursor;
      return value;
    };
  }

  /** Streams `alert` and `incident` of m365_defender: pages by offset, from the last update on. */
  graphUpdates(set: 'alerts_v2' | 'incidents', since: string, batch: number) {
    let cursor = since;
    return async (): Promise<readonly Row[]> => {
      const found: Row[] = [];
      const filter = `lastUpdateDateTime ge ${cursor}`;
      for (let skip = 0; ; skip += batch) {
        const { value } = await this.get(`/v1.0/security/${set}`, {
          $filter: filter,
          $orderby: 'lastUpdateDateTime asc',
          $skip: skip,
          $top: batch,
          ...(set === 'incidents' ? { $expand: 'alerts' } : {}),
        });
        found.push(...value);
        cursor = value.at(-1)?.lastUpdateDateTime ?? cursor;
        if (value.length < batch) return found;
      }
    };
  }

  /** Stream `machine`: pages by offset, to the end. */
  async machines(batch: number): Promise<readonly Row[]> {
    const found: Row[] = [];
    for (let skip = 0; ; skip += batch) {
      const { value } = await this.get('/api/machines', { $skip: skip, $top: batch });
      found.push(...value);
      if (value.length < batch) return found;
    }
  }

  /** Stream `machine_action`. */
  async machineActions(since: string, batch: number): Promise<readonly Row[]> {
    const { value } = await this.get('/api/machineactions', {
      $filter: `lastUpdateDateTimeUtc gt ${since}`,
      $orderby: 'lastUpdateDateTimeUtc asc',
      $skip: 0,
      $top: batch,
    });
    return value;
  }
}
