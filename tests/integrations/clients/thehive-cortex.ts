/** TheHive Cortex, responder MSDefenderEndpoints: finds the device of an observable, at `/api/v1.0`, quotes and all unencoded. */
import { Connection } from '../traffic.ts';

export class TheHiveCortex extends Connection {
  readonly name = 'TheHive Cortex';

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

  /** Null: an answer too short to hold a device. */
  async machineOf(type: 'ip' | 'hostname', value: string, at: Date): Promise<string | null> {
    const time = `${at.toISOString().slice(0, 19)}Z`;
    const path =
      type === 'ip'
        ? `machines/findbyip(ip='${value}',timestamp=${time})`
        : `machines?$filter=computerDnsName+eq+'${value}'`;
    const answer = await this.send(`/api/v1.0/${path}`, {
      headers: {
        authorization: `Bearer ${this.token}`,
        accept: 'application/json',
        'content-type': 'application/json',
      },
    });
    if (answer.status !== 200) throw new Error(answer.text);
    const [machine] = answer.json().value;
    return machine === undefined ? null : (machine.aadDeviceId ?? machine.id);
  }

  /** What its responders post: 201 is done, 400 with `ActiveRequestAlreadyExists` a report too, anything else an error. */
  async respond(machineId: string, action: string, body: object): Promise<'done' | 'active' | 'error'> {
    const answer = await this.send(`/api/v1.0/machines/${machineId}/${action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}`, accept: 'application/json' },
      json: body,
    });
    if (answer.status === 201) return 'done';
    return answer.status === 400 && answer.text.includes('ActiveRequestAlreadyExists') ? 'active' : 'error';
  }
}
