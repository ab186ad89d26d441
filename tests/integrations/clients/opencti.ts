/** OpenCTI, microsoft-defender-incidents: incidents of Graph with their alerts. Its header holds the token alone. */
import { Connection, formQuery, type Page, type Row } from '../traffic.ts';

export class OpenCti extends Connection {
  readonly name = 'OpenCTI';

  signIn(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    return this.signInWith(`/${tenantId}/oauth2/v2.0/token`, {
      form: {
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'client_credentials',
        scope: 'https://graph.microsoft.com/.default',
      },
    });
  }

  /** @param since seconds */
  async incidents(since: number): Promise<readonly Row[]> {
    const from = new Date(since * 1_000).toISOString().replace('.000Z', '+00:00');
    const query = formQuery({ $expand: 'alerts', $filter: `lastUpdateDateTime gt ${from}` });
    const found: Row[] = [];
    let url: string | undefined = `/v1.0/security/incidents?${query}`;
    while (url !== undefined) {
      const answer = await this.send(url, { headers: { authorization: this.token } });
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
      const page: Page = answer.json();
      found.push(...page.value);
      url = page['@odata.nextLink'];
    }
    return found;
  }
}
