/**
 * The detections feed at size: `node scripts/run-ts.mjs bench/siem.ts [detections] [rounds]`, after `npm run build`. One answer of the last two hours with
 * 10,000 detections, in turns with a bare handler that sends the same body, and what the server holds in memory meanwhile.
 */
import { startServer } from '../tests/support/server.ts';
import { openStateDatabase } from '../tests/support/state-database.ts';
import { startBareHandler } from './api/bare-handler.ts';
import { type Target, Wire } from './api/client.ts';
import { alertIdOf, fillStateStore } from './api/dataset.ts';
import { residentBytes } from './api/processor-time.ts';
import { figure, show } from './figures.ts';

const DETECTIONS = Number(process.argv[2] ?? 10_000);
const ROUNDS = Number(process.argv[3] ?? 9);
const SIZE = { devices: 1_000, alerts: 2_000, users: 100, files: 500 };
const PATH = '/siem/api/alerts';
const TARGET = { seconds: 2, growthMib: 64 } as const;

const server = await startServer({
  env: { MERLON_CHECK_RESPONSES: 'off', MERLON_LOG_LEVEL: 'warn' },
});
try {
  const app = await server.createApp('Alert.Read.All');
  const db = await openStateDatabase(server.home);
  await fillStateStore(db, app.tenantId, SIZE);
  const ids = Array.from({ length: SIZE.alerts }, (_, n) => alertIdOf(n + 1));
  await db.query(
    `insert into alert_detections (tenant_id, alert_id, part, processed_at, event_time, table_name, report_id, signed_in, facts)
      select $1, ($2::text[])[1 + n % ${SIZE.alerts}], n / ${SIZE.alerts}, now() - (n * interval '7000 seconds' / $3), '2026-11-25T10:00:00.1234567Z',
        'DeviceProcessEvents', n, '[{"UserName":"user1","DomainName":"CORP"}]', jsonb_build_object('fileName', 'tool' || n || '.exe', 'filePath', 'C:\\Users\\Public',
        'sha1', encode(sha256(n::text::bytea), 'hex')::char(40), 'sha256', encode(sha256(n::text::bytea), 'hex'), 'commandLine', 'tool.exe --in ' || repeat('x', 200),
        'userName', 'user' || n % 100, 'userDomain', 'CORP')
      from generate_series(0, $3::integer - 1) n`,
    [app.tenantId, ids, DETECTIONS],
  );
  await db.query('vacuum analyze alert_detections');
  await db.end();
  const token = await server.token(app);
  const body = (await server.call(PATH, { token })).text;
  const found: unknown[] = JSON.parse(body);
  if (found.length !== DETECTIONS) throw new Error(`${found.length} detections of ${DETECTIONS} came`);

  const bare = await startBareHandler(server.home, body);
  const target: Target = {
    host: 'localhost',
    port: server.port,
    ca: server.caPem,
    headers: { authorization: `Bearer ${token}` },
  };
  const sides = await Promise.all(
    [target, { ...target, port: bare.port }].map(async (one) => ({
      wire: await Wire.open(one),
      ms: [] as number[],
    })),
  );
  const before = residentBytes(server.pid());
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, residentBytes(server.pid()));
  }, 10);
  // The first round only warms both.
  for (let round = 0; round <= ROUNDS; round++)
    for (const { wire, ms } of round % 2 ? sides : [...sides].reverse()) {
      const began = performance.now();
      const { status } = await wire.get(PATH);
      if (status !== 200) throw new Error(`answered ${status}`);
      if (round > 0) ms.push(performance.now() - began);
    }
  clearInterval(watch);
  for (const { wire } of sides) wire.close();
  await bare.stop();

  const [own, other] = sides.map(({ ms }) => figure(ms));
  if (!own || !other) throw new Error('nothing was measured');
  const growth = (most - before) / 2 ** 20;
  const slow = own.median > TARGET.seconds * 1_000;
  console.log(
    `${DETECTIONS} detections, ${(Buffer.byteLength(body) / 2 ** 20).toFixed(1)} MiB: ${show(own, 'ms')} (target ${TARGET.seconds} s${slow ? ', MISSED' : ''}), bare handler ${show(other, 'ms', 1)}, ratio ${(own.median / other.median).toFixed(1)}`,
  );
  console.log(
    `server: ${(before / 2 ** 20).toFixed(0)} MiB before, ${(most / 2 ** 20).toFixed(0)} at most, grew ${growth.toFixed(0)} (target ${TARGET.growthMib}${growth > TARGET.growthMib ? ', MISSED' : ''})`,
  );
} finally {
  await server.dispose();
}
