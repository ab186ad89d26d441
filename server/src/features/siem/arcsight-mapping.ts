/**
 * Which field of a detection becomes which field of an ArcSight event (siem.md, section 7), and from that the parser file of ArcSight's REST FlexConnector.
 * Data first; the file follows from it. Pure.
 */
import { SiemDetection } from '@merlon/contract';

export const ARCSIGHT_VENDOR = {
  deviceVendor: 'Microsoft',
  deviceProduct: 'Microsoft Defender ATP',
  deviceVersion: '2.0',
};

interface Mapped {
  readonly field: keyof SiemDetection;
  readonly event: string;
  /** Fields of ArcSight without a meaning of their own carry their name. */
  readonly label?: string;
  /** Address: text that may be empty. Flag: 1, 0 or nothing. Time: ISO 8601. */
  readonly as?: 'address' | 'flag' | 'time';
}

export const arcsightMapping: readonly Mapped[] = [
  { field: 'AlertTitle', event: 'name' },
  { field: 'Severity', event: 'deviceSeverity' },
  { field: 'Category', event: 'deviceEventCategory' },
  { field: 'Source', event: 'sourceServiceName' },
  { field: 'MachineName', event: 'sourceHostName' },
  { field: 'FileName', event: 'fileName' },
  { field: 'FilePath', event: 'filePath' },
  { field: 'UserDomain', event: 'sourceNtDomain' },
  { field: 'UserName', event: 'sourceUserName' },
  { field: 'Sha1', event: 'fileHash' },
  { field: 'Sha256', event: 'deviceCustomString6', label: 'Sha256' },
  { field: 'Md5', event: 'deviceCustomString5', label: 'Md5' },
  { field: 'ThreatName', event: 'deviceCustomString1', label: 'ThreatName' },
  { field: 'IpAddress', event: 'sourceAddress', as: 'address' },
  { field: 'Url', event: 'requestUrl' },
  { field: 'RemediationIsSuccess', event: 'deviceCustomNumber2', label: 'RemediationIsSuccess', as: 'flag' },
  {
    field: 'WasExecutingWhileDetected',
    event: 'deviceCustomNumber1',
    label: 'WasExecutingWhileDetected',
    as: 'flag',
  },
  { field: 'AlertId', event: 'externalId' },
  { field: 'LinkToWDATP', event: 'flexString1', label: 'LinkToWDATP' },
  { field: 'AlertTime', event: 'deviceReceiptTime', as: 'time' },
  { field: 'MachineDomain', event: 'sourceDnsDomain' },
  { field: 'Actor', event: 'deviceCustomString4', label: 'Actor' },
  { field: 'LogOnUsers', event: 'sourceUserId' },
];

/** From what the feed says to the five steps of ArcSight. */
const SEVERITIES = {
  high: ['High'],
  medium: ['Medium'],
  low: ['Low', 'Informational'],
  unknown: ['UnSpecified'],
};

/** Every field is a token, so that whoever edits the file finds it there; those of the mapping fill an event. */
export function arcsightParser(): string {
  const fields = Object.keys(SiemDetection.properties);
  const tokens = fields.flatMap((field, index) => [
    `token[${index}].name=${field}`,
    `token[${index}].type=String`,
    `token[${index}].location=${field}`,
  ]);
  const events = arcsightMapping.flatMap(({ field, event, label, as }) => [
    `event.${event}=${eventValue(field, as)}`,
    ...(label === undefined ? [] : [`event.${event}Label=__stringConstant("${label}")`]),
  ]);
  return lines(
    '# How a detection becomes an event. May be edited; a field that is not mapped stays out.',
    'trigger.node.location=/',
    `token.count=${fields.length}`,
    ...tokens,
    ...Object.entries(ARCSIGHT_VENDOR).map(([event, value]) => `event.${event}=__stringConstant("${value}")`),
    ...events,
    ...Object.entries(SEVERITIES).map(
      ([step, values]) => `severity.map.${step}.if.deviceSeverity=${values.join(',')}`,
    ),
  );
}

function eventValue(field: string, as: Mapped['as']): string {
  switch (as) {
    case undefined:
      return field;
    case 'address':
      return `__oneOfAddress(${field})`;
    case 'flag':
      return `__safeToLong(__ifThenElse(${field},"true","1",__ifThenElse(${field},"false","0","")))`;
    case 'time':
      // Seven digits of a second; the parser knows three.
      return `__createOptionalTimeStampFromString(__regexToken(${field},"(.*\\\\.\\\\d{3}).*"),"yyyy-MM-dd'T'HH:mm:ss.SSS")`;
  }
}

export function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
