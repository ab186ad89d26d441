/** The Wazuh wodle for Defender: the whole list each time, of which it sends on what was made since. Its form is text, with nothing encoded. */
import { Connection, type Page, type Row } from '../traffic.ts';

export class Wazuh extends Connection {
  readonly name = 'Wazuh';
  #last: string;

  constructor(deployment: Connection['deployment'], since: string) {
    super(deployment);
    this.#last = since;
  }

  async run(): Promise<readonly Row[]> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    await this.signInWith(`/${tenantId}/oauth2/v2.0/token`, {
      body: `client_id=${clientId}&scope=https://api.securitycenter.microsoft.com/.default&grant_type=client_credentials&client_secret=${clientSecret}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const answer = await this.send('/api/alerts', {
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
    });
    if (answer.status !== 200) throw new Error(answer.text);
    const { value }: Page = answer.json();
    const sorted = [...value].sort((a, b) => a.alertCreationTime.localeCompare(b.alertCreationTime));
    const fresh = sorted.filter(({ alertCreationTime }) => alertCreationTime > this.#last);
    this.#last = sorted.at(-1)?.alertCreationTime ?? this.#last;
    return fresh;
  }
}
