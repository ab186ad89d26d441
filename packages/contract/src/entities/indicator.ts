export const indicatorTypes = [
  'FileSha1',
  'FileSha256',
  'FileMd5',
  'CertificateThumbprint',
  'IpAddress',
  'DomainName',
  'Url',
] as const;
export type IndicatorType = (typeof indicatorTypes)[number];

/** Alert and AlertAndBlock are those of 2020, which clients still send. */
export const indicatorActions = [
  'Warn',
  'Block',
  'Audit',
  'Alert',
  'AlertAndBlock',
  'BlockAndRemediate',
  'Allowed',
] as const;
export type IndicatorAction = (typeof indicatorActions)[number];

export const indicatorSourceTypes = ['User', 'AadApp'] as const;

export const indicatorSeverities = ['Informational', 'Low', 'Medium', 'High'] as const;
