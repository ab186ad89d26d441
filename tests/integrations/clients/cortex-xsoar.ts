/** Cortex XSOAR, MicrosoftDefenderAdvancedThreatProtection: a playbook's commands, and its fetch of new alerts. */
import type { Answer } from '../../support/server.ts';
import { Connection, formQuery, type Page, type Row } from '../traffic.ts';

/** How its `ok_codes` and its texts for people tell answers apart. */
export type Outcome =
  | { readonly kind: 'ok'; readonly body: Row }
  | { readonly kind: 'not found' | 'refused'; readonly message: string };

export class CortexXsoar extends Connection {
  readonly name = 'Cortex XSOAR';
  #lastAlertTime = '1970-01-01T00:00:00Z';
  #lastIds = new Set<string>();

  signIn(): Promise<void> {
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

  async command(
    method: string,
    suffix: string,
    { params, json }: { params?: Readonly<Record<string, string | number>>; json?: object } = {},
  ): Promise<Outcome> {
    const query = params === undefined ? '' : `?${formQuery(params)}`;
    const answer = await this.send(`/api${suffix}${query}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, accept: 'application/json' },
      ...(json === undefined ? {} : { json }),
    });
    return outcomeOf(answer);
  }

  startFrom(time: string): void {
    this.#lastAlertTime = time;
  }

  /** Pages by the time of creation; the plus signs are its own, and are encoded once more on their way. */
  async fetchIncidents(limit = 50): Promise<readonly Row[]> {
    const found = await this.command('GET', '/alerts', {
      params: {
        $filter: `alertCreationTime+gt+${this.#lastAlertTime} and ((status+eq+'New') or (status+eq+'InProgress') or (status+eq+'Resolved'))`,
        $orderby: 'alertCreationTime asc',
        $top: String(limit),
        $expand: 'evidence',
      },
    });
    if (found.kind !== 'ok') throw new Error(found.message);
    const alerts = (found.body as Page).value.filter((alert) => !this.#lastIds.has(alert.id));
    const latest = alerts.at(-1)?.alertCreationTime;
    if (latest !== undefined) {
      this.#lastAlertTime = latest;
      this.#lastIds = new Set(
        alerts.filter((alert) => alert.alertCreationTime === latest).map(({ id }) => id),
      );
    }
    return alerts;
  }
}

function outcomeOf(answer: Answer): Outcome {
  if (answer.status >= 200 && answer.status < 300)
    return { kind: 'ok', body: answer.text === '' ? null : answer.json() };
  const { error } = answer.json();
  return {
    kind: answer.status === 404 ? 'not found' : 'refused',
    message: `${error.code}: ${error.message}`,
  };
}
