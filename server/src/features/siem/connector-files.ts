/** Ready-made settings for the programs that pull detections, made of a tenant's connection and what the reader was shown once. Pure. */
import { zipArchive } from '@merlon/archives';
import { arcsightParser, lines } from './arcsight-mapping.ts';
import { CONNECTOR_REDIRECT, type Connection } from './connection.ts';

export const CONNECTOR_KINDS = ['generic', 'splunk', 'arcsight', 'qradar'] as const;
export type ConnectorKind = (typeof CONNECTOR_KINDS)[number];

/** What only the reader has; left out, the files say where it goes. */
export interface ConnectorSecrets {
  readonly clientSecret?: string | undefined;
  readonly accessToken?: string | undefined;
  readonly refreshToken?: string | undefined;
}

export interface ConnectorFile {
  readonly name: string;
  readonly content: Buffer;
}

type Known = Connection & ConnectorSecrets & { readonly clientId: string };

export async function connectorFiles(kind: ConnectorKind, known: Known): Promise<readonly ConnectorFile[]> {
  const text = (name: string, content: string): ConnectorFile => ({ name, content: Buffer.from(content) });
  switch (kind) {
    case 'generic':
      return [text('siem-details.txt', details(known))];
    case 'qradar':
      return [text('qradar-log-source.txt', qradar(known))];
    case 'splunk':
      return [text('inputs.conf', splunk(known))];
    case 'arcsight': {
      const files = [
        text('WDATP-connector.properties', arcsightClient(known)),
        text('WDATP-connector.jsonparser.properties', arcsightParser()),
      ];
      const entries = files.map(({ name, content }) => ({ path: name, content, mode: 0o600 }));
      return [...files, { name: 'WDATP-connector.zip', content: await zipArchive(entries) }];
    }
  }
}

const missing = (what: string) => `<the ${what}, shown once>`;
const secretOf = ({ clientSecret }: Known) => clientSecret ?? missing('client secret');
const refreshOf = ({ refreshToken }: Known) => refreshToken ?? missing('refresh token');
const accessOf = ({ accessToken }: Known) => accessToken ?? missing('access token');

function details(known: Known): string {
  return lines(
    `Tenant ID: ${known.tenantId}`,
    `Client ID: ${known.clientId}`,
    `Client secret: ${secretOf(known)}`,
    `Resource: ${known.resource}`,
    `Authorization server URL: ${known.authorizationUrl}`,
    `Token refresh URL: ${known.tokenUrl}`,
    `Alerts (events) URL: ${known.eventsUrl}`,
    `Access token: ${accessOf(known)}`,
    `Refresh token: ${refreshOf(known)}`,
  );
}

function qradar(known: Known): string {
  return lines(
    'Log source type: Microsoft 365 Defender (before: Microsoft Windows Defender ATP)',
    'Protocol: Windows Defender ATP REST API',
    `Authorization Server URL: ${known.tokenUrl}`,
    `Resource: ${known.resource}`,
    `Client ID: ${known.clientId}`,
    `Client Secret: ${secretOf(known)}`,
    `Events URL: ${known.eventsUrl}`,
    'Recurrence: 1M',
  );
}

/** A REST input of Splunk's modular inputs. */
function splunk(known: Known): string {
  return lines(
    '[rest://merlon-detections]',
    'auth_type = oauth2',
    `endpoint = ${known.eventsUrl}`,
    'http_method = GET',
    `oauth2_access_token = ${accessOf(known)}`,
    `oauth2_refresh_token = ${refreshOf(known)}`,
    `oauth2_refresh_url = ${known.tokenUrl}`,
    `oauth2_client_id = ${known.clientId}`,
    `oauth2_client_secret = ${secretOf(known)}`,
    // Where it is not in the body, the add-on sends none with a refresh.
    'oauth2_refresh_client_placement = BODY',
    'verify = 1',
    'ca_bundle_path = /opt/splunk/etc/auth/merlon-ca.pem',
    'polling_interval = 60',
    'response_type = json',
    'response_handler = JSONArrayHandler',
    'sourcetype = _json',
    'index = main',
    'disabled = 0',
  );
}

/** What ArcSight's REST FlexConnector signs in with. */
function arcsightClient(known: Known): string {
  return lines(
    '# Add reauthenticate=true and start the connector again when its refresh token has ended.',
    `client_id=${known.clientId}`,
    `client_secret=${secretOf(known)}`,
    `auth_url=${known.authorizationUrl}`,
    `token_url=${known.tokenUrl}`,
    `redirect_uri=${CONNECTOR_REDIRECT}`,
    'scope=openid offline_access',
    `events_url=${known.eventsUrl}/?sinceTimeUtc=$START_AT_TIME`,
  );
}
