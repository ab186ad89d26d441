/** Cortex XSIAM, Microsoft365DefenderEventCollector: alerts by the time of creation, one event for each piece of evidence. */
import { Connection, formQuery, type Page, type Row } from '../traffic.ts';

export class CortexEventCollector extends Connection {
  readonly name = 'Cortex XSIAM event collector';
  #after: string;

  constructor(deployment: Connection['deployment'], after: string) {
    super(deployment);
    this.#after = after;
  }

  async fetchEvents(limit = 1_000): Promise<readonly Row[]> {
    if (this.token === '') await this.#signIn();
    const query = formQuery({
      $filter: `alertCreationTime+gt+${this.#after}`,
      $orderby: 'alertCreationTime+asc',
      $top: limit,
      $expand: 'evidence',
    });
    const answer = await this.send(`/api/alerts?${query}`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    if (answer.status !== 200) throw new Error(answer.text);
    const { value }: Page = answer.json();
    const last = value.at(-1);
    if (last !== undefined) this.#after = last.alertCreationTime;
    return value.flatMap((alert) =>
      alert.evidence.length === 0
        ? [{ ...alert, evidence: {} }]
        : alert.evidence.map((evidence: Row) => ({ ...alert, evidence })),
    );
  }

  #signIn(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    return this.signInWith(`/${tenantId}/oauth2/v2.0/token`, {
      form: {
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'client_credentials',
        scope: 'https://securitycenter.onmicrosoft.com/windowsatpservice/.default',
      },
    });
  }
}
