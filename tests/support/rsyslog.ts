/** A real rsyslog in a process of its own on loopback, with a TLS and a TCP input; it writes what it parsed, one JSON object a line. Needs Debian's rsyslog and rsyslog-gnutls. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertificateAuthority, certificateAuthority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { eventually } from './wait.ts';

/** Fields of RFC 5424 as rsyslog read them. */
export interface SyslogLine {
  readonly pri: string;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly msgid: string;
  readonly sd: string;
  readonly msg: string;
}

export interface Rsyslog {
  readonly tlsPort: number;
  readonly tcpPort: number;
  readonly authority: CertificateAuthority;
  /** What has been written down, in the order of arrival. */
  lines(): readonly SyslogLine[];
  stop(): Promise<void>;
}

/** @param clientCertificate whether the TLS input asks for one of the authority's */
export async function startRsyslog(clientCertificate = false): Promise<Rsyslog> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-rsyslog-'));
  const at = (name: string) => join(folder, name);
  const authority = certificateAuthority('Syslog test authority');
  const { certificate, key } = authority.issue('localhost', ['DNS:localhost', 'IP:127.0.0.1']);
  writeFileSync(at('ca.pem'), authority.ca);
  writeFileSync(at('cert.pem'), certificate);
  writeFileSync(at('key.pem'), key);
  const [tlsPort, tcpPort] = [await freePort(), await freePort()];
  const member = (name: string, property: string) =>
    `constant(value="\\"${name}\\":\\"") property(name="${property}" format="json") constant(value="\\"")`;
  writeFileSync(
    at('rsyslog.conf'),
    `global(workDirectory="${folder}" maxMessageSize="64k"
  parser.escapeControlCharactersOnReceive="off"
  defaultNetstreamDriverCAFile="${at('ca.pem')}"
  defaultNetstreamDriverCertFile="${at('cert.pem')}" defaultNetstreamDriverKeyFile="${at('key.pem')}")
module(load="imptcp")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1"
  streamDriver.authMode="${clientCertificate ? 'x509/certvalid' : 'anon'}")
template(name="fields" type="list") { constant(value="{")
  ${[
    ['pri', 'pri'],
    ['time', 'timereported'],
    ['host', 'hostname'],
    ['app', 'app-name'],
    ['msgid', 'msgid'],
    ['sd', 'structured-data'],
    ['msg', 'msg'],
  ]
    .map(([name = '', property = '']) =>
      name === 'time'
        ? `constant(value="\\"time\\":\\"") property(name="timereported" dateFormat="rfc3339") constant(value="\\"")`
        : member(name, property),
    )
    .join(' constant(value=",")\n  ')}
  constant(value="}\\n") }
ruleset(name="written") { action(type="omfile" file="${at('lines')}" template="fields") }
input(type="imtcp" address="127.0.0.1" port="${tlsPort}" ruleset="written")
input(type="imptcp" address="127.0.0.1" port="${tcpPort}" ruleset="written")
`,
  );
  const child = spawn('rsyslogd', ['-n', '-f', at('rsyslog.conf'), '-i', at('pid')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-4_000);
  });
  const ended = once(child, 'exit');
  const answers = (port: number) =>
    new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        done(true);
      });
      socket.once('error', () => done(false));
    });
  await eventually(
    'rsyslog listening',
    async () => child.exitCode !== null || ((await answers(tlsPort)) && (await answers(tcpPort))),
    { withinMs: 20_000, everyMs: 50, lastSeen: () => complaint },
  );
  if (child.exitCode !== null) throw new Error(`rsyslog did not start: ${complaint}`);
  return {
    tlsPort,
    tcpPort,
    authority,
    lines: () =>
      existsSync(at('lines'))
        ? readFileSync(at('lines'), 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as SyslogLine)
        : [],
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
