/**
 * Order → receipt: how long a real agent in a namespace of its own takes to isolate and to release, from the moment the server takes the order to the
 * moment it has the signed receipt, by the server's own times. `node scripts/run-ts.mjs bench/orders.ts [pairs]`, as root, after `npm run build`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../tests/support/free-port.ts';
import { makeNetwork, whyNoNetwork } from '../tests/support/hosts.ts';
import { startServer } from '../tests/support/server.ts';
import { eventually } from '../tests/support/wait.ts';
import { percentile } from './figures.ts';

const PAIRS = Number(process.argv[2] ?? 200);
const AGENT_MAIN = resolve('agent/dist/main.js');
const TARGET_MS = { p50: 150, p99: 1_000 };

const why = whyNoNetwork();
if (why) {
  console.log(`not run: ${why}`);
  process.exit(0);
}

const network = makeNetwork();
const host = network.machine('host');
const work = mkdtempSync(join(tmpdir(), 'merlon-bench-'));
const port = await freePort();
const server = await startServer({
  env: {
    MERLON_PUBLIC_URL: `https://${network.address}:${port}`,
    MERLON_PORT: String(port),
    MERLON_CHECK_RESPONSES: 'off',
  },
});
try {
  const env = {
    ...process.env,
    MERLON_AGENT_HOME: join(work, 'agent'),
    MERLON_AGENT_CONFIG: join(work, 'etc'),
    MERLON_SENSOR_SCOPE: 'netns',
  };
  const token = await server.token(await server.createApp('Machine.Isolate', 'Machine.Read.All'));
  const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', work);
  const onboarded = await host.run(process.execPath, [AGENT_MAIN, 'onboard', '--package', made.files[0]], {
    env,
  });
  if (onboarded.code !== 0) throw new Error(onboarded.stderr);
  const agent = host.start(process.execPath, [AGENT_MAIN, 'run'], { env });
  agent.stdout?.resume();
  agent.stderr?.resume();
  const { value: machine } = await eventually(
    'the machine appears',
    async () => (await server.call('/api/machines', { token })).json().value[0],
    { withinMs: 20_000 },
  );

  const order = async (verb: 'isolate' | 'unisolate'): Promise<number> => {
    const ordered = await server.call(`/api/machines/${machine.id}/${verb}`, {
      token,
      json: { Comment: 'bench' },
    });
    if (ordered.status !== 201) throw new Error(ordered.text);
    const { value } = await eventually(
      `${verb} ends`,
      async () => {
        const action = (await server.call(`/api/machineactions/${ordered.json().id}`, { token })).json();
        return action.status === 'Pending' || action.status === 'InProgress' ? null : action;
      },
      { withinMs: 30_000, everyMs: 5 },
    );
    if (value.status !== 'Succeeded')
      throw new Error(`${verb} ended as ${value.status}: ${value.troubleshootInfo}`);
    return Date.parse(value.lastUpdateDateTimeUtc) - Date.parse(value.creationDateTimeUtc);
  };
  // The first of each also opens what is opened once.
  await order('isolate');
  await order('unisolate');
  const isolate: number[] = [];
  const release: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    isolate.push(await order('isolate'));
    release.push(await order('unisolate'));
  }
  agent.kill('SIGTERM');
  for (const [name, values] of [
    ['isolate', isolate],
    ['release', release],
    ['both', [...isolate, ...release]],
  ] as const) {
    const sorted = [...values].sort((a, b) => a - b);
    console.log(
      `${name}: p50 ${percentile(sorted, 50)} ms, p99 ${percentile(sorted, 99)} ms, most ${sorted.at(-1)} ms over ${values.length}` +
        ` (targets: p50 at most ${TARGET_MS.p50} ms, p99 at most ${TARGET_MS.p99} ms)`,
    );
  }
} finally {
  await server.dispose();
  network.remove();
  rmSync(work, { recursive: true, force: true });
}
