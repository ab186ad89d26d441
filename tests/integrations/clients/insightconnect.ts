/** Rapid7 InsightConnect, microsoft_atp: a trigger on new alerts, and lookups of devices. */
import { Connection, formQuery, type Page, type Row } from '../traffic.ts';

export class PluginError extends Error {
  readonly preset: 'USERNAME_PASSWORD' | 'API_KEY' | 'NOT_FOUND' | 'UNKNOWN';

  constructor(preset: PluginError['preset'], data: string) {
    super(`${preset}: ${data}`);
    this.preset = preset;
  }
}

export class InsightConnect extends Connection {
  readonly name = 'Rapid7 InsightConnect';
  #mostRecent = '';

  signIn(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    return this.signInWith(`/${tenantId}/oauth2/token`, {
      form: {
        resource: 'https://api.securitycenter.windows.com',
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'client_credentials',
      },
    });
  }

  async call(method: string, path: string, json?: object, { allowEmpty = false } = {}): Promise<Row> {
    const answer = await this.send(`/api/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      ...(json === undefined ? {} : { json }),
    });
    if (answer.status === 401) throw new PluginError('USERNAME_PASSWORD', answer.text);
    if (answer.status === 403) throw new PluginError('API_KEY', answer.text);
    if (answer.status === 404 && allowEmpty) return {};
    if (answer.status === 404) throw new PluginError('NOT_FOUND', answer.text);
    if (answer.status === 400 && answer.text.includes('"message":"Action is already in progress"'))
      return { status: 'InProgress' };
    if (answer.status >= 400) throw new PluginError('UNKNOWN', answer.text);
    return answer.text === '' ? {} : answer.json();
  }

  /** The newest of all is where the trigger begins. */
  async startTrigger(): Promise<void> {
    const { value }: Page = await this.call(
      'GET',
      'alerts?$orderby=alertCreationTime+desc&$top=1&$expand=evidence',
    );
    this.#mostRecent = value[0]?.alertCreationTime ?? '2010-01-01T00:00:00.000000Z';
  }

  async newAlerts(): Promise<readonly Row[]> {
    const { value }: Page = await this.call(
      'GET',
      `alerts?$filter=alertCreationTime+gt+${this.#mostRecent}&$orderby=alertCreationTime+desc&$expand=evidence`,
    );
    this.#mostRecent = value[0]?.alertCreationTime ?? this.#mostRecent;
    return value;
  }

  /** By id, or by name or address in the first 10,000, then by filter. */
  async findFirstMachine(identification: string): Promise<Row> {
    if (/^[a-z0-9]{40}$/.test(identification.toLowerCase()))
      return this.call('GET', `machines/${identification}`);
    const matches = (machine: Row) =>
      [machine.computerDnsName, machine.lastIpAddress, machine.lastExternalIpAddress].includes(
        identification,
      );
    const property = /^[\d.]+$/.test(identification) ? 'lastIpAddress' : 'computerDnsName';
    for (const params of [
      { $top: 10_000 },
      { $top: 10_000, $filter: `${property} eq '${identification}'` },
    ]) {
      const { value }: Page = await this.call('GET', `machines?${formQuery(params)}`);
      const found = value.find(matches);
      if (found) return found;
    }
    throw new PluginError('NOT_FOUND', identification);
  }
}
