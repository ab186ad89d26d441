/**
 * Sends records as syslog messages (RFC 5424) over TLS or TCP. Not over UDP: it loses messages without anybody knowing, and nothing that promises to
 * lose none may use it.
 */
import { isIP } from 'node:net';
import { type Static, Type } from 'typebox';
import { DeliveryError, type DestinationKind, type ExportRecord } from '../destination.ts';
import { recordContent } from '../record-content.ts';
import { checkTls, tlsMembers, tlsSecrets } from '../tls-settings.ts';
import { cefEvent } from './cef.ts';
import { framed, structuredData, syslogMessage, syslogSeverity } from './frame.ts';
import { leefEvent } from './leef.ts';
import { transmit } from './transmission.ts';

const Settings = Type.Object(
  {
    host: Type.String({
      pattern: '^[A-Za-z0-9._:-]{1,253}$',
      description: 'Name or address of the receiver.',
    }),
    port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        description: 'Port of the receiver. Default 6514 for TLS, 601 for TCP.',
      }),
    ),
    transport: Type.Optional(
      Type.Enum(['tls', 'tcp'], {
        description: 'TLS, or plain TCP that everybody on the way can read. Default tls.',
      }),
    ),
    framing: Type.Optional(
      Type.Enum(['octet-counting', 'newline'], {
        description: 'How messages are told apart in the stream (RFC 6587). Default octet-counting.',
      }),
    ),
    format: Type.Optional(
      Type.Enum(['json', 'cef', 'leef'], {
        description: 'What a message holds: the record as JSON, CEF, or LEEF 2.0. Default json.',
      }),
    ),
    facility: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 23, description: 'Facility. Default 16, local use 0.' }),
    ),
    appName: Type.Optional(
      Type.String({ pattern: '^[\\x21-\\x7e]{1,48}$', description: 'APP-NAME. Default merlon.' }),
    ),
    enterpriseNumber: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 4_294_967_295,
        description:
          'Private enterprise number behind the structured data that holds the id of a record. Default 32473, that of examples.',
      }),
    ),
    maxBytes: Type.Optional(
      Type.Integer({
        minimum: 480,
        maximum: 1024 * 1024,
        description:
          'Longest message the receiver takes; a longer one is refused, not cut. Default 65536. rsyslog takes 8192 unless told otherwise.',
      }),
    ),
    confirm: Type.Optional(
      Type.Enum(['close', 'write'], {
        description:
          'What counts as delivered. close: the receiver has read to the end and closed the connection. write: the system has taken the bytes; for a receiver that never closes. Default close.',
      }),
    ),
    ...tlsMembers,
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const DEFAULT_PORTS = { tls: 6514, tcp: 601 };

export const syslog: DestinationKind<Settings> = {
  name: 'syslog',
  title: 'Syslog (RFC 5424), CEF, LEEF',
  settings: Settings,
  secrets: [...tlsSecrets],
  // Each delivery has a connection of its own.
  wants: { rows: 5_000, bytes: 8 * 1024 * 1024, waitMs: 250 },

  check(settings) {
    if (settings.host.includes(':') && isIP(settings.host) === 0)
      throw new DeliveryError('settings', 'host may not hold a port: there is a member for it.');
    if (settings.transport === 'tcp' && (settings.ca ?? settings.clientCertificate) !== undefined)
      throw new DeliveryError('settings', 'ca and clientCertificate are of TLS; the transport is tcp.');
    checkTls(settings);
  },

  async open(settings, context) {
    const transport = settings.transport ?? 'tls';
    const receiver = { ...settings, transport, port: settings.port ?? DEFAULT_PORTS[transport] };
    const framing = settings.framing ?? 'octet-counting';
    const maxBytes = settings.maxBytes ?? 65_536;
    const sdId = `merlon@${settings.enterpriseNumber ?? 32_473}`;
    const waitForEnd = settings.confirm !== 'write';

    function message(record: ExportRecord): Buffer {
      const content = recordContent(record);
      const { DeviceName, Severity } = content.properties;
      const bytes = syslogMessage(
        {
          facility: settings.facility ?? 16,
          severity: syslogSeverity(Severity),
          time: record.time,
          hostname: typeof DeviceName === 'string' ? DeviceName : '',
          appName: settings.appName ?? 'merlon',
          messageId: record.table,
          structuredData: structuredData(sdId, { id: record.id, tenant: content.tenantId }),
        },
        settings.format === 'cef'
          ? cefEvent(record, content)
          : settings.format === 'leef'
            ? leefEvent(record, content)
            : record.json,
      );
      if (bytes.length > maxBytes)
        throw new DeliveryError(
          'refused',
          `The record ${record.id} makes a message of ${bytes.length} bytes, and maxBytes is ${maxBytes}.`,
        );
      return framed(bytes, framing);
    }

    return {
      async deliver(records, signal) {
        // All are made before any is sent: one that cannot be sent must not leave half a batch behind.
        const messages = records.map(message);
        await transmit(receiver, messages, waitForEnd, context, signal);
        return { bytes: messages.reduce((sum, { length }) => sum + length, 0) };
      },
      async probe(signal) {
        await transmit(receiver, [], waitForEnd, context, signal);
      },
      async close() {
        // A connection lasts as long as a delivery.
      },
    };
  },
};
