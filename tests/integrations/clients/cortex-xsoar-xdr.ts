/** Cortex XSOAR, Microsoft 365 Defender: fetches incidents by the time of creation, and mirrors those that changed. */
import { Connection, formQuery, type Page, type Row } from '../traffic.ts';

const PAGE = 50;

export class CortexXsoarXdr extends Connection {
  readonly name = 'Cortex XSOAR (Microsoft 365 Defender)';
  #created: string;
  #mirrored: string;

  constructor(deployment: Connection['deployment'], since: string) {
    super(deployment);
    this.#created = since;
    this.#mirrored = since;
  }

  signIn(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    return this.signInWith(`/${tenantId}/oauth2/v2.0/token`, {
      form: {
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'client_credentials',
        scope: 'https://security.microsoft.com/mtp/.default',
      },
    });
  }

  async listIncidents(filter: string, skip = 0): Promise<readonly Row[]> {
    const query = formQuery({ $top: PAGE, $filter: filter, ...(skip === 0 ? {} : { $skip: skip }) });
    const answer = await this.send(`/api/incidents?${query}`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    if (answer.status !== 200) throw new Error(answer.text);
    return (answer.json() as Page).value;
  }

  async fetchIncidents(): Promise<readonly Row[]> {
    const found: Row[] = [];
    for (let page = PAGE; page === PAGE; ) {
      const rows = await this.listIncidents(`createdTime gt ${this.#created}`, found.length);
      found.push(...rows);
      page = rows.length;
    }
    for (const { createdTime } of found) if (createdTime > this.#created) this.#created = createdTime;
    return found;
  }

  /** Ids of what changed since the last time it looked, which is when it looked. */
  async modifiedRemoteData(now: Date): Promise<readonly Row[]> {
    const found = await this.listIncidents(`lastUpdateTime gt ${this.#mirrored}`);
    this.#mirrored = now.toISOString();
    return found;
  }

  async updateIncident(id: number, change: object): Promise<Row> {
    const answer = await this.send(`/api/incidents/${id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${this.token}` },
      json: change,
    });
    if (answer.status >= 400) throw new Error(answer.json().error.message);
    return answer.json();
  }
}
