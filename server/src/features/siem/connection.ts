/** What a connector has to be told to read detections of a tenant. Pure. */
import { siemAudience } from '@merlon/contract';

/** As the service calls the application it makes. */
export const CONNECTOR_NAME = 'WindowsDefenderATPSiemConnector';
export const IDENTIFIER_URI = `https://${CONNECTOR_NAME}`;
/** Where ArcSight's tool waits for the answer of a sign-in, on the machine of whoever signs in. */
export const CONNECTOR_REDIRECT = 'https://localhost:44300/wdatpconnector';

export interface Connection {
  readonly tenantId: string;
  readonly identifierUri: string;
  readonly resource: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly eventsUrl: string;
}

/** @param hosts names under which the feed answers at `/api/alerts` */
export function connectionOf(tenantId: string, publicOrigin: string, hosts: readonly string[]): Connection {
  const authority = `${publicOrigin}/${tenantId}/oauth2`;
  const [host] = hosts;
  const { port } = new URL(publicOrigin);
  return {
    tenantId,
    identifierUri: IDENTIFIER_URI,
    resource: siemAudience,
    authorizationUrl: `${authority}/authorize?resource=${encodeURIComponent(siemAudience)}`,
    tokenUrl: `${authority}/token`,
    eventsUrl:
      host === undefined
        ? `${publicOrigin}/siem/api/alerts`
        : `https://${host}${port === '' ? '' : `:${port}`}/api/alerts`,
  };
}
