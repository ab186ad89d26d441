/** Splunk's Microsoft 365 Defender add-on: alerts by the time of their last update, the largest text among them being where it goes on. */
import { Connection, type Page, type Row } from '../traffic.ts';

export class SplunkAddon extends Connection {
  readonly name = 'Splunk add-on';
  #checkpoint: string;

  constructor(deployment: Connection['deployment'], startDate: string) {
    super(deployment);
    this.#checkpoint = startDate;
  }

  /** A token for every run. */
  async collectEvents(): Promise<readonly Row[]> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    await this.signInWith(`/${tenantId}/oauth2/token`, {
      form: {
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        resource: 'https://api.securitycenter.windows.com',
      },
    });
    const found: Row[] = [];
    let url: string | undefined =
      `/api/alerts?$expand=evidence&$filter=lastUpdateTime+gt+${this.#checkpoint}`;
    while (url !== undefined) {
      const answer = await this.send(url, {
        headers: {
          authorization: `Bearer ${this.token}`,
          'content-type': 'application/json',
          'user-agent': 'MdePartner-Splunk-M365DefenderAddOn/1.3.0',
        },
      });
      if (answer.status !== 200) throw new Error(answer.text);
      const page: Page = answer.json();
      found.push(...page.value);
      url = page['@odata.nextLink'];
    }
    for (const { lastUpdateTime } of found)
      if (lastUpdateTime > this.#checkpoint) this.#checkpoint = lastUpdateTime;
    return found;
  }
}
