/** PSMDATP, the PowerShell module: .NET escapes blanks of an address as `%20` and leaves quotes and `$` as they are. */
import { Connection, type Row } from '../traffic.ts';

export class Psmdatp extends Connection {
  readonly name = 'PSMDATP';

  /** Sends a parameter that means nothing to the token endpoint. */
  async #connect(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    await this.signInWith(`/${tenantId}/oauth2/token`, {
      form: {
        resource: 'https://api.securitycenter.windows.com',
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'client_credentials',
        redirectUri: 'https://localhost:8000',
      },
    });
  }

  async #invoke(path: string, body?: object): Promise<{ readonly status: number; readonly body: Row }> {
    await this.#connect();
    const answer = await this.send(path.replaceAll(' ', '%20'), {
      headers: {
        authorization: `Bearer ${this.token}`,
        accept: 'application/json',
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: answer.json() };
  }

  /** A time that the API does not know goes along; severity is picked here. */
  async getAlert({ pastHours, severity }: { pastHours: number; severity?: string }): Promise<readonly Row[]> {
    const since = new Date(Date.now() - pastHours * 3_600_000).toISOString().replace('Z', '1234Z');
    const { body } = await this.#invoke(`/api/alerts?sinceTimeUtc=${encodeURIComponent(since)}`);
    return severity === undefined ? body.value : body.value.filter((a: Row) => a.severity === severity);
  }

  async getDevice(filter: string): Promise<readonly Row[]> {
    const { body } = await this.#invoke(`/api/machines${filter === '' ? '' : `?$filter=${filter}`}`);
    return body.value;
  }

  async getQuery(query: string): Promise<readonly Row[]> {
    const { body } = await this.#invoke('/api/advancedqueries/run', { Query: query });
    return body.Results;
  }

  /** True: the answer was 200. The whole list is fetched to find the device. */
  async deviceTag(name: string, tag: string, action: 'Add' | 'Remove'): Promise<boolean> {
    const devices = (await this.getDevice('')).filter(
      ({ computerDnsName }) => computerDnsName === name.toLowerCase(),
    );
    if (devices.length !== 1) return false;
    const { status } = await this.#invoke(`/api/machines/${devices[0].id}/tags`, {
      Value: tag,
      Action: action,
    });
    return status === 200;
  }
}
