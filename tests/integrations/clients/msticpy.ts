/** MSTICPy, its driver of Defender: hunting from notebooks, over three addresses. */
import { Connection, type Row } from '../traffic.ts';

const environments = {
  MDE: { scope: 'https://api.securitycenter.microsoft.com/.default', path: '/api/advancedqueries/run' },
  M365D: { scope: 'https://api.security.microsoft.com/.default', path: '/api/advancedhunting/run' },
  M365DGraph: { scope: 'https://graph.microsoft.com/.default', path: '/v1.0/security/runHuntingQuery' },
} as const;

export class Msticpy extends Connection {
  readonly name = 'MSTICPy';
  readonly #environment: keyof typeof environments;

  constructor(deployment: Connection['deployment'], environment: keyof typeof environments) {
    super(deployment);
    this.#environment = environment;
  }

  connect(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    return this.signInWith(`/${tenantId}/oauth2/v2.0/token`, {
      // Its request names no media type.
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: environments[this.#environment].scope,
        client_id: clientId,
        client_secret: clientSecret,
      }).toString(),
      headers: { 'user-agent': 'MSTICPy' },
    });
  }

  /** Rows, with the columns that the schema calls date-times as times. */
  async query(query: string): Promise<readonly Row[]> {
    const answer = await this.send(environments[this.#environment].path, {
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: `Bearer ${this.token}`,
      },
      json: { Query: query },
    });
    if (answer.status !== 200) throw new Error(answer.json().error.message);
    const body = answer.json();
    const graph = this.#environment === 'M365DGraph';
    const rows: Row[] = graph ? body.results : body.Results;
    const times: string[] = graph
      ? body.schema.filter((f: Row) => f.type === 'DateTime').map((f: Row) => f.name)
      : body.Schema.filter((f: Row) => f.Type === 'DateTime').map((f: Row) => f.Name);
    return rows.map((row) => ({
      ...row,
      ...Object.fromEntries(times.map((name) => [name, new Date(row[name])])),
    }));
  }
}
