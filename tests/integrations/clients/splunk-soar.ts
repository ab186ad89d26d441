/** Splunk SOAR, windowsdefenderatp: actions of a playbook. A token that is no longer taken shows in the text it makes of the answer. */
import { Connection, type Row } from '../traffic.ts';

export type ActionResult =
  | { readonly status: 'success'; readonly data: Row }
  | { readonly status: 'failed'; readonly message: string };

export class SplunkSoar extends Connection {
  readonly name = 'Splunk SOAR';

  signIn(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    return this.signInWith(`/${tenantId}/oauth2/token`, {
      body: new URLSearchParams({
        client_id: clientId,
        grant_type: 'client_credentials',
        client_secret: clientSecret,
        resource: 'https://api.securitycenter.windows.com',
      }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  }

  /** The parameters stand in the address as the playbook wrote them; a body goes out as text. */
  async act(method: string, endpoint: string, data?: object): Promise<ActionResult> {
    const first = await this.#call(method, endpoint, data);
    if (first.status === 'success' || !first.message.includes('Status Code: 401')) return first;
    await this.signIn();
    return this.#call(method, endpoint, data);
  }

  async #call(method: string, endpoint: string, data?: object): Promise<ActionResult> {
    const answer = await this.send(`/api${endpoint}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        accept: 'application/json',
        'content-type': 'application/json',
      },
      ...(data === undefined ? {} : { body: JSON.stringify(data) }),
    });
    if (answer.text === '')
      return answer.status === 200 || answer.status === 204
        ? { status: 'success', data: {} }
        : { status: 'failed', message: `Status Code: ${answer.status}. Error: Empty response` };
    const body = answer.json();
    if (answer.status >= 200 && answer.status < 399) return { status: 'success', data: body };
    return {
      status: 'failed',
      message: `Error from server. Status Code: ${answer.status} Error Code: ${body.error.code} Data from server: ${body.error.message}`,
    };
  }
}
