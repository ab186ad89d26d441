/** The composition root: opens the stores, makes the features, listens; and takes it all down again in the opposite order. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEventLog } from '@merlon/event-log';
import { openEventStore } from '@merlon/event-store';
import { openStateStore } from '@merlon/state-store';
import { sql } from 'kysely';
import { openAdminSocket } from './cli/admin-socket.ts';
import type { ServerStatus } from './cli/status.ts';
import type { Config } from './config.ts';
import type { AdminHandler, Feature, Platform } from './feature.ts';
import { createAccess } from './features/access/index.ts';
import { createAudit } from './features/audit/index.ts';
import { createIdentity } from './features/identity/index.ts';
import { createFeatures, MIGRATIONS } from './features.ts';
import { limitsRoute } from './http/limits-route.ts';
import { createPipeline } from './http/pipeline.ts';
import { platformRoutes } from './http/platform-routes.ts';
import { loadPortalFiles } from './http/portal-files.ts';
import { RateLimiter } from './http/rate-limits.ts';
import type { Route } from './http/route.ts';
import { createHttpServer } from './http/server.ts';
import { countRoutes } from './odata/count-routes.ts';
import { metadataRoute } from './odata/metadata-route.ts';
import { systemClock } from './telemetry/clock.ts';
import type { Logger } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { collectProcessMetrics } from './telemetry/process-metrics.ts';
import { ensureServerIdentity, serverNames } from './tls/server-identity.ts';
import { version } from './version.ts';

export interface App {
  readonly url: string;
  /** Present once in the life of a data folder. */
  readonly firstStart: { readonly principalName: string; readonly oneTimePassword: string } | null;
  /** Resolves, with the reason, when the server cannot go on: a supervisor has to start it again. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

const CERTIFICATE_CHECK_MS = 12 * 3_600_000;

export async function startApp(config: Config, log: Logger): Promise<App> {
  /** What was opened, to be closed in the opposite order, also when the start fails half way. */
  const opened: { readonly name: string; close(): Promise<void> }[] = [];
  const stopping = new AbortController();
  const closeAll = async () => {
    stopping.abort(new Error('the server is stopping'));
    for (const part of opened.splice(0).reverse()) {
      await part
        .close()
        .catch((error: unknown) => log.warn({ err: error, part: part.name }, 'a part did not stop cleanly'));
    }
  };
  try {
    return await start(config, log, stopping, opened, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function start(
  config: Config,
  log: Logger,
  stopping: AbortController,
  opened: { readonly name: string; close(): Promise<void> }[],
  stop: () => Promise<void>,
): Promise<App> {
  let fail: (reason: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  const clock = systemClock;
  const startedAt = clock.now();
  const metrics = createMetrics();
  collectProcessMetrics(metrics);
  const open = <T extends { close(): Promise<void> }>(name: string, part: T): T => {
    opened.push({ name, close: () => part.close() });
    return part;
  };

  await mkdir(config.home, { recursive: true });
  let handlers: ReadonlyMap<string, AdminHandler> | null = null;
  // First of all, because it is also the lock of the data folder.
  const admin = await openAdminSocket(config.home, () => handlers, log);
  open('admin socket', admin);

  const names = () => [...new Set([...serverNames(config.publicUrl), ...config.siemHosts])];
  const tls = await ensureServerIdentity({ home: config.home, names: names(), now: clock.now() });

  const [state, events, eventLog] = await Promise.all([
    openStateStore({
      url: config.databaseUrl ?? undefined,
      dir: join(config.home, 'state'),
      migrations: MIGRATIONS,
      log: log.child({ part: 'state-store' }),
    }).then((store) => open('state store', store)),
    openEventStore({
      url: config.eventStoreUrl ?? undefined,
      dir: join(config.home, 'events'),
      retentionDays: config.retentionDays,
      log: log.child({ part: 'event-store' }),
    }).then((store) => open('event store', store)),
    openEventLog({
      dir: join(config.home, 'event-log'),
      log: log.child({ part: 'event-log' }),
      onBroken: fail,
    }).then((store) => open('event log', store)),
  ]);

  let port = config.port;
  const publicOrigin = () => {
    if (config.publicUrl) return config.publicUrl;
    if (port === 0) throw new Error('the address is known once the server listens');
    return port === 443 ? 'https://localhost' : `https://localhost:${port}`;
  };
  const portalOrigins = () => [
    ...new Set([
      publicOrigin(),
      ...names().map(
        (name) => `https://${name.includes(':') ? `[${name}]` : name}${port === 443 ? '' : `:${port}`}`,
      ),
    ]),
  ];

  const audit = createAudit({
    state,
    clock,
    log: log.child({ part: 'audit' }),
    home: config.home,
    tenantOf: async (name) => (await identity.requireTenant(name)).id,
  });
  const access = createAccess({
    state,
    audit,
    clock,
    accounts: { works: (tenantId, userId) => identity.works(tenantId, userId) },
    routes: () => routes,
    tenantOf: async (name) => (await identity.requireTenant(name)).id,
  });
  const identity = await createIdentity({
    state,
    audit,
    clock,
    log,
    metrics,
    access,
    publicOrigin,
    portalOrigins,
    home: config.home,
    federationNetworks: config.federationNetworks,
  });
  const platform: Platform = {
    config,
    log,
    clock,
    metrics,
    state,
    events,
    eventLog,
    audit,
    publicOrigin,
    caPem: tls.caPem,
    stopping: stopping.signal,
  };
  const { features, authenticator, collectorAuthenticator } = createFeatures(platform, access, identity);
  const all: readonly Feature[] = [audit, access, identity, ...features];

  const stores = async () => ({
    state: await answersInTime(state.system(async (db) => void (await sql`select 1`.execute(db)))),
    events: await answersInTime(
      events.query({
        sql: 'SELECT 1',
        parameters: {},
        queryId: `ready-${clock.now().getTime()}`,
        maxSeconds: 5,
        maxRows: 1,
        maxBytes: 1_024,
        maxMemoryBytes: 64 * 1024 * 1024,
      }),
    ),
    log: await answersInTime(Promise.resolve().then(() => eventLog.stats())),
  });
  const rateLimiter = config.rateLimits === 'service' ? new RateLimiter(clock, config.quotaFactors) : null;
  const written: readonly Route[] = [
    ...platformRoutes({ metrics, version, stores, routes: () => routes }),
    metadataRoute(() => routes),
    limitsRoute({ limiter: rateLimiter, routes: () => routes }),
    ...all.flatMap((feature) => feature.routes),
  ];
  const routes: Route[] = [...written, ...countRoutes(written)];

  for (const feature of all) {
    const began = performance.now();
    await feature.start?.();
    log.debug({ feature: feature.name, ms: Math.round(performance.now() - began) }, 'feature started');
    opened.push({ name: feature.name, close: async () => feature.stop?.() });
  }

  const http = createHttpServer({
    tls,
    routes,
    sockets: all.flatMap((feature) => feature.sockets ?? []),
    pipeline: createPipeline({
      async bearer(authorization) {
        const token = await identity.verify(authorization);
        identity.usage.count(token.tenantId, token.clientId);
        return access.resolveCaller(token);
      },
      devices: authenticator,
      collectors: collectorAuthenticator,
      audit,
      log: log.child({ part: 'http' }),
      rateLimiter,
      checkResponses: config.checkResponses,
    }),
    portal: await loadPortalFiles(fileURLToPath(new URL('../../portal/dist', import.meta.url))),
    publicUrl: config.publicUrl,
    siemHosts: config.siemHosts,
    ownOrigin: publicOrigin,
    ownNames: names,
    log: log.child({ part: 'http' }),
    metrics,
  });
  port = await http.listen(config.port);
  open('https', http);
  // After listening: a start that fails on its port must not use up the one time the password is shown.
  const firstStart = await identity.firstStart();

  const renewal = setInterval(() => {
    ensureServerIdentity({ home: config.home, names: names(), now: clock.now() }).then(
      (fresh) => {
        if (!fresh.renewed) return;
        http.replaceCertificate(fresh);
        log.info({ notAfter: fresh.notAfter, names: fresh.names }, 'the server certificate was renewed');
      },
      (error: unknown) => log.error({ err: error }, 'the server certificate could not be renewed'),
    );
  }, CERTIFICATE_CHECK_MS);
  opened.push({ name: 'certificate renewal', close: async () => clearInterval(renewal) });

  const url = publicOrigin();
  const status = async (): Promise<ServerStatus> => {
    const reachable = Object.entries(await stores()).map(
      ([name, ok]) => [name, ok ? 'reachable' : 'unreachable'] as const,
    );
    return {
      running: true,
      url,
      version,
      pid: process.pid,
      home: config.home,
      upSeconds: Math.round((clock.now().getTime() - startedAt.getTime()) / 1_000),
      stores: Object.fromEntries(reachable),
    };
  };
  handlers = new Map<string, AdminHandler>([
    ['server.status', status],
    ...all.flatMap((feature) => Object.entries(feature.admin ?? {})),
  ]);
  log.info({ url, home: config.home, startMs: clock.now().getTime() - startedAt.getTime() }, 'listening');
  return { url, firstStart, failed, stop };
}

const STORE_ANSWER_MS = 5_000;

async function answersInTime(question: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), STORE_ANSWER_MS);
  });
  try {
    return await Promise.race([question.then(() => true as const), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
