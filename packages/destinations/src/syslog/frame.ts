/** A message of RFC 5424 and its way into a stream (RFC 6587, RFC 5425). Pure. */

export interface SyslogHeader {
  /** 0 to 23. */
  readonly facility: number;
  /** 0 to 7. */
  readonly severity: number;
  readonly time: string;
  /** Empty: not known. */
  readonly hostname: string;
  readonly appName: string;
  readonly messageId: string;
  readonly structuredData: string;
}

/** `-` where there is nothing; fields are printable ASCII without spaces, cut to what the standard allows. */
function field(text: string, length: number): string {
  const printable = text.replace(/[^\x21-\x7e]/g, '').slice(0, length);
  return printable === '' ? '-' : printable;
}

/** `id` is an SD-ID, `name@number`; of parameters, the names are ours and the values anybody's. */
export function structuredData(id: string, parameters: Readonly<Record<string, string>>): string {
  const members = Object.entries(parameters).map(
    ([name, value]) => ` ${name}="${value.replace(/["\\\]]/g, (sign) => `\\${sign}`)}"`,
  );
  return `[${id}${members.join('')}]`;
}

/** To the millisecond: more is allowed, and not understood by all. Of what is no time, the absence. */
const timestamp = (time: string): string => {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z$/.exec(time);
  return found === null ? '-' : `${found[1]}.${(found[2] ?? '').slice(0, 3).padEnd(3, '0')}Z`;
};

export function syslogMessage(header: SyslogHeader, message: string): Buffer {
  const { facility, severity, time, hostname, appName, messageId } = header;
  return Buffer.from(
    `<${facility * 8 + severity}>1 ${timestamp(time)} ${field(hostname, 255)} ${field(appName, 48)} - ${field(messageId, 32)} ${header.structuredData} ${message}`,
  );
}

/** `newline`: a line end in the message would begin the next, so it must hold none. */
export type Framing = 'octet-counting' | 'newline';

export function framed(message: Buffer, framing: Framing): Buffer {
  return framing === 'newline'
    ? Buffer.concat([message, Buffer.from('\n')])
    : Buffer.concat([Buffer.from(`${message.length} `), message]);
}

const SEVERITIES: Readonly<Record<string, number>> = { High: 2, Medium: 4, Low: 5, Informational: 6 };
const INFORMATIONAL = 6;

/** Of alerts, their own; of events, informational. */
export const syslogSeverity = (severity: unknown): number =>
  (typeof severity === 'string' ? SEVERITIES[severity] : undefined) ?? INFORMATIONAL;
