/** Google SecOps (Siemplify) response integration MicrosoftDefenderATP: a connector by the time of creation, which knows alerts again by id. */
import { Connection, formQuery, type Page, type Row } from '../traffic.ts';

export interface AlertQuestion {
  readonly startTimestamp?: number;
  readonly statuses?: readonly string[];
  readonly severities?: readonly string[];
  readonly incidentId?: number;
  readonly limit?: number;
}

export class ChronicleSoar extends Connection {
  readonly name = 'Google SecOps SOAR';
  readonly #existing = new Set<string>();

  signIn(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    return this.signInWith(`/${tenantId}/oauth2/token`, {
      form: {
        client_id: clientId,
        client_secret: clientSecret,
        resource: 'https://api.securitycenter.windows.com/',
        grant_type: 'client_credentials',
      },
    });
  }

  /** What it makes of an error: the message of its body. */
  async get(path: string, params: Readonly<Record<string, string | number>> = {}): Promise<Row> {
    const query = formQuery(params);
    const answer = await this.send(`${path}${query === '' ? '' : `?${query}`}`, {
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
    });
    if (answer.status >= 400) throw new Error(answer.json().error.message);
    return answer.json();
  }

  async alerts(question: AlertQuestion): Promise<readonly Row[]> {
    const { incidentId, statuses, severities, startTimestamp, limit } = question;
    const oneOf = (name: string, values: readonly string[]) =>
      `(${values.map((value) => `${name} eq '${value}'`).join(' or ')})`;
    const conditions = [
      ...(incidentId === undefined ? [] : [`incidentId eq ${incidentId}`]),
      ...(statuses === undefined ? [] : [oneOf('status', statuses)]),
      ...(severities === undefined ? [] : [oneOf('severity', severities)]),
      ...(startTimestamp === undefined
        ? []
        : [`alertCreationTime ge ${new Date(startTimestamp).toISOString().replace('Z', '000Z')}`]),
    ];
    const { value }: Page = await this.get('/api/alerts', {
      ...(conditions.length === 0 ? {} : { $filter: conditions.join(' and ') }),
      ...(limit === undefined ? {} : { $top: limit }),
    });
    return value;
  }

  /** Machines of any of some risks, as it spells the property. */
  machines(conditions: string): Promise<Page> {
    return this.get('/api/machines', { $filter: conditions });
  }

  async fetchAlerts(startTimestamp: number): Promise<readonly Row[]> {
    const found = await this.alerts({
      startTimestamp,
      statuses: ['New', 'InProgress', 'Resolved'],
      severities: ['Low', 'Medium', 'High'],
      limit: 10_000,
    });
    const fresh = found.filter(({ id }) => !this.#existing.has(id));
    for (const { id } of fresh) this.#existing.add(id);
    return fresh;
  }

  async updateAlert(id: string, change: object): Promise<Row> {
    const answer = await this.send(`/api/alerts/${id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${this.token}` },
      json: change,
    });
    if (answer.status >= 400) throw new Error(answer.json().error.message);
    return answer.json();
  }
}
