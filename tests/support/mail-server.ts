/** A mail server on loopback, by the library of nodemailer's makers: STARTTLS, one user, and it keeps what it takes. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { type CertificateAuthority, certificateAuthority } from './certificates.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body, as they came. */
  readonly raw: string;
  readonly secure: boolean;
}

export interface MailServer {
  readonly port: number;
  readonly authority: CertificateAuthority;
  readonly user: { readonly username: string; readonly password: string };
  readonly mails: ReceivedMail[];
  /** Code to answer to DATA with; null: takes everything. */
  refusal: number | null;
  /** Recipients it does not take. */
  readonly unknown: Set<string>;
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const authority = certificateAuthority('Mail test authority');
  const { certificate, key } = authority.issue('localhost', ['DNS:localhost', 'IP:127.0.0.1']);
  const user = { username: 'merlon', password: 'hush-mail' };
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    cert: certificate,
    key,
    authOptional: true,
    disableReverseLookup: true,
    onAuth(auth, _session, done) {
      if (auth.username === user.username && auth.password === user.password)
        done(null, { user: user.username });
      else done(new Error('no such user or password'));
    },
    onRcptTo({ address }, _session, done) {
      done(mail.unknown.has(address) ? Object.assign(new Error('unknown'), { responseCode: 550 }) : null);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (mail.refusal !== null)
          return done(Object.assign(new Error('not now'), { responseCode: mail.refusal }));
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
          secure: session.secure,
        });
        done(null);
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const mail: MailServer = {
    port: (server.server.address() as AddressInfo).port,
    authority,
    user,
    mails,
    refusal: null,
    unknown: new Set(),
    close: () => new Promise((done) => server.close(() => done())),
  };
  return mail;
}
