/** IBM Security QRadar SOAR, fn_microsoft_defender: incidents and alerts updated since the poller began last, to the second. */
import { Connection, formQuery, type Page, type Row } from '../traffic.ts';

export interface CallResult {
  readonly status: boolean;
  readonly reason: string | null;
  readonly result: Row;
}

export class IbmSoar extends Connection {
  readonly name = 'IBM QRadar SOAR';
  #lastPoll: Date;

  constructor(deployment: Connection['deployment'], lastPoll: Date) {
    super(deployment);
    this.#lastPoll = lastPoll;
  }

  /** As MSAL for Python sends it, with a scope that means nothing to programs. */
  signIn(): Promise<void> {
    const { tenantId, clientId, clientSecret } = this.deployment.app;
    return this.signInWith(`/${tenantId}/oauth2/v2.0/token`, {
      form: {
        client_id: clientId,
        grant_type: 'client_credentials',
        client_info: '1',
        client_secret: clientSecret,
        claims: '{"access_token": {"xms_cc": {"values": ["CP1"]}}}',
        scope: 'offline_access https://security.microsoft.com/mtp/.default',
      },
      headers: { accept: 'application/json', 'x-client-sku': 'MSAL.Python' },
    });
  }

  async call(oper: 'GET' | 'POST' | 'PATCH', endpoint: string, payload?: object): Promise<CallResult> {
    const query =
      oper === 'GET' && payload !== undefined ? `?${formQuery(payload as Record<string, string>)}` : '';
    const answer = await this.send(`/${endpoint}${query}`, {
      method: oper,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      ...(oper === 'GET' || payload === undefined ? {} : { json: payload }),
    });
    const status = answer.status <= 300;
    const result = answer.text === '' ? {} : answer.json();
    return { status, reason: status ? null : result.error.message, result };
  }

  async poll(set: 'incidents' | 'alerts', now: Date): Promise<readonly Row[]> {
    const { status, reason, result } = await this.call('GET', `api/${set}`, {
      $filter: `lastUpdateTime ge ${this.#lastPoll.toISOString().slice(0, 19)}Z`,
      ...(set === 'alerts' ? { $expand: 'evidence' } : {}),
    });
    this.#lastPoll = now;
    if (!status) throw new Error(reason ?? '');
    return (result as Page).value;
  }
}
