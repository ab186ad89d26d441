/** Connectors that pull the detections feed: each signs in in its own way, asks from the last time it saw, and keeps that time. */
import { Connection, type Row } from '../traffic.ts';

interface Settings {
  readonly tokenPath: string;
  readonly eventsPath: string;
}

abstract class FeedConnector extends Connection {
  readonly #settings: Settings;
  #since: string;

  constructor(deployment: Connection['deployment'], settings: Settings, since: string) {
    super(deployment);
    this.#settings = settings;
    this.#since = since;
  }

  protected abstract form(): Readonly<Record<string, string>>;
  protected abstract address(events: string, since: string): string;

  signIn(): Promise<void> {
    return this.signInWith(this.#settings.tokenPath, { form: this.form() });
  }

  /** Rows as they come, also those that it had. */
  async poll(): Promise<readonly Row[]> {
    const answer = await this.send(this.address(this.#settings.eventsPath, this.#since), {
      headers: { authorization: `Bearer ${this.token}`, accept: 'application/json' },
    });
    if (answer.status !== 200) throw new Error(`${this.name}: ${answer.status} ${answer.text}`);
    const rows: Row[] = answer.json();
    for (const { LastProcessedTimeUtc } of rows)
      if (LastProcessedTimeUtc > this.#since) this.#since = LastProcessedTimeUtc;
    return rows;
  }
}

/** ArcSight's REST FlexConnector: a refresh token, `$START_AT_TIME` in the address of the events. */
export class ArcSight extends FeedConnector {
  readonly name = 'ArcSight FlexConnector';
  readonly #refreshToken: string;

  constructor(deployment: Connection['deployment'], settings: Settings, since: string, refreshToken: string) {
    super(deployment, settings, since);
    this.#refreshToken = refreshToken;
  }

  protected form() {
    const { clientId, clientSecret } = this.deployment.app;
    return {
      grant_type: 'refresh_token',
      refresh_token: this.#refreshToken,
      client_id: clientId,
      client_secret: clientSecret,
      reauthenticate: 'true',
    };
  }
  protected address(events: string, since: string) {
    return `${events}/?sinceTimeUtc=$START_AT_TIME`.replace('$START_AT_TIME', since);
  }
}

/** QRadar's protocol for the feed: client credentials of version 1 for the feed's own audience. */
export class QRadar extends FeedConnector {
  readonly name = 'IBM QRadar';

  protected form() {
    const { clientId, clientSecret } = this.deployment.app;
    return {
      grant_type: 'client_credentials',
      resource: 'https://graph.windows.net',
      client_id: clientId,
      client_secret: clientSecret,
    };
  }
  protected address(events: string, since: string) {
    return `${events}?sinceTimeUtc=${encodeURIComponent(since)}`;
  }
}
