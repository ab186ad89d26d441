/**
 * A real Apache Kafka broker (one node, KRaft) as a process of its own, on loopback, with one listener for each way in:
 *
 * - `plaintext`: nobody is asked anything; whoever comes here may do everything.
 * - `saslTls`: TLS, then PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER.
 * - `mutualTls`: TLS with a client certificate of the broker's authority.
 *
 * Topics are not made by writing to them.
 */
import { type ChildProcess, execFile as execFileCallback, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type CertificateAuthority, certificateAuthority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { kafkaArchives } from './kafka-artefacts.ts';

export interface KafkaBroker {
  /** `host:port` of each listener. */
  readonly plaintext: string;
  readonly saslTls: string;
  readonly mutualTls: string;
  readonly authority: CertificateAuthority;
  /** A token that the broker takes for OAUTHBEARER. */
  bearerToken(subject: string, lifetimeSeconds?: number): Promise<string>;
  /** SIGKILL; what was acknowledged is on disk. */
  kill(): Promise<void>;
  /** After `kill`: the same data, the same addresses. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface KafkaBrokerOptions {
  /** Users of SASL PLAIN, with their passwords. */
  readonly plainUsers?: Readonly<Record<string, string>>;
  /** Users of both SCRAM mechanisms, with their passwords. */
  readonly scramUsers?: Readonly<Record<string, string>>;
  /** More settings of the broker, over those here. */
  readonly config?: Readonly<Record<string, string>>;
  /** Default 384. */
  readonly heapMegabytes?: number;
}

const execFile = promisify(execFileCallback);

const CLUSTER = 'bWVybG9uLXRlc3Qta2Fma2E';
const START_MS = 180_000;
const AUDIENCE = 'kafka';
const ISSUER = 'https://issuer.test';

export async function startKafka(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-kafka-'));
  const authority = certificateAuthority('Kafka test authority');
  const server = authority.issue('localhost', ['DNS:localhost', 'IP:127.0.0.1']);
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const keySet = join(dir, 'jwks.json');
  writeFileSync(
    keySet,
    JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'test', alg: 'RS256', use: 'sig' }] }),
  );
  writeFileSync(join(dir, 'server.pem'), server.key + server.certificate);
  writeFileSync(join(dir, 'ca.pem'), authority.ca);

  const [plaintext, saslTls, mutualTls, controller] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const login = (module: string, entries: Readonly<Record<string, string>> = {}) =>
    `org.apache.kafka.common.security.${module} required${Object.entries(entries)
      .map(([name, value]) => ` ${name}="${value}"`)
      .join('')};`;
  const plainUsers = Object.fromEntries(
    Object.entries(options.plainUsers ?? {}).map(([name, password]) => [`user_${name}`, password]),
  );
  const sasl = 'listener.name.sasl_ssl';
  const config: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: [
      `PLAINTEXT://127.0.0.1:${plaintext}`,
      `SASL_SSL://127.0.0.1:${saslTls}`,
      `SSL://127.0.0.1:${mutualTls}`,
      `CONTROLLER://127.0.0.1:${controller}`,
    ].join(','),
    'advertised.listeners': [
      `PLAINTEXT://localhost:${plaintext}`,
      `SASL_SSL://localhost:${saslTls}`,
      `SSL://localhost:${mutualTls}`,
    ].join(','),
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(dir, 'data'),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(dir, 'server.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(dir, 'ca.pem'),
    'listener.name.ssl.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    [`${sasl}.plain.sasl.jaas.config`]: login('plain.PlainLoginModule', plainUsers),
    [`${sasl}.scram-sha-256.sasl.jaas.config`]: login('scram.ScramLoginModule'),
    [`${sasl}.scram-sha-512.sasl.jaas.config`]: login('scram.ScramLoginModule'),
    [`${sasl}.oauthbearer.sasl.jaas.config`]: login('oauthbearer.OAuthBearerLoginModule'),
    [`${sasl}.oauthbearer.sasl.server.callback.handler.class`]:
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler',
    [`${sasl}.oauthbearer.sasl.oauthbearer.jwks.endpoint.url`]: `file://${keySet}`,
    [`${sasl}.oauthbearer.sasl.oauthbearer.expected.audience`]: AUDIENCE,
    [`${sasl}.oauthbearer.sasl.oauthbearer.expected.issuer`]: ISSUER,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'true',
    'super.users': 'User:ANONYMOUS',
    'auto.create.topics.enable': 'false',
    'num.partitions': '3',
    'default.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // A killed broker is taken back once its session is over.
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '300',
    ...options.config,
  };
  const properties = join(dir, 'server.properties');
  writeFileSync(
    properties,
    Object.entries(config)
      .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
      .join(''),
  );

  const java = [
    `-Xmx${options.heapMegabytes ?? 384}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
    '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
    `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://${keySet}`,
    `-Dorg.apache.kafka.sasl.oauthbearer.allowed.files=${keySet}`,
  ];
  const env = { ...process.env, CLASSPATH: (await kafkaArchives()).join(delimiter) };
  const scram = Object.entries(options.scramUsers ?? {}).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
  await execFile(
    'java',
    [...java, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', properties, ...scram],
    { env },
  );

  let broker = await run([...java, 'kafka.Kafka', properties], env);
  const kill = async (signal: NodeJS.Signals) => {
    if (broker.exitCode !== null || broker.signalCode !== null) return;
    const exited = once(broker, 'exit');
    broker.kill(signal);
    await exited;
  };
  return {
    plaintext: `localhost:${plaintext}`,
    saslTls: `localhost:${saslTls}`,
    mutualTls: `localhost:${mutualTls}`,
    authority,
    bearerToken: (subject, lifetimeSeconds = 300) => bearerToken(privateKey, subject, lifetimeSeconds),
    kill: () => kill('SIGKILL'),
    async restart() {
      await kill('SIGKILL');
      broker = await run([...java, 'kafka.Kafka', properties], env);
    },
    async stop() {
      await kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function bearerToken(key: CryptoKey, subject: string, lifetimeSeconds: number): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ scope: 'kafka' })
    .setProtectedHeader({ alg: 'RS256', kid: 'test' })
    .setSubject(subject)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(now)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(key);
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn('java', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  await new Promise<void>((ready, fail) => {
    const give = (why: string) => fail(new Error(`Kafka ${why}:\n${said.join('\n')}`));
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      give('did not start in time');
    }, START_MS);
    child.once('error', (error) => give(`cannot be started, is java there? ${error.message}`));
    child.once('exit', (code) => give(`ended with ${code}`));
    // Reading goes on after the start, so that the pipe never fills.
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (said.length < 200) said.push(line);
      if (!line.includes('Kafka Server started')) return;
      clearTimeout(late);
      ready();
    });
  });
  return child;
}
