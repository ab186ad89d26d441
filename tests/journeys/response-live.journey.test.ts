/** Live response for real: a server, a machine with the real agent, and what an analyst gets from there, compared byte for byte with what lies there. */
import { type ChildProcess, execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENT_EXECUTABLE } from '../support/build-agent-once.ts';
import { freePort } from '../support/free-port.ts';
import { makeNetwork, type SimulatedMachine, type SimulatedNetwork, whyNoNetwork } from '../support/hosts.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const why = whyNoNetwork();
if (why) console.log(`live response is not run: ${why}`);

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe.skipIf(why)('live response', () => {
  let network: SimulatedNetwork;
  let host: SimulatedMachine;
  let server: TestServer;
  let token: string;
  let work: string;
  let agent: ChildProcess;
  let agentOutput = '';
  let device = '';

  const agentEnv = () => ({
    ...process.env,
    MERLON_AGENT_HOME: join(work, 'agent'),
    MERLON_AGENT_CONFIG: join(work, 'etc'),
    MERLON_SENSOR_SCOPE: 'netns',
  });
  const startAgent = () => {
    // `ip netns exec` gives the machine a /sys of its own, without the cgroups that a real one has there.
    agent = host.start(
      'sh',
      ['-c', 'mount -t cgroup2 none /sys/fs/cgroup && exec "$0" run', AGENT_EXECUTABLE],
      {
        env: agentEnv(),
      },
    );
    for (const stream of [agent.stdout, agent.stderr])
      stream?.on('data', (data) => {
        agentOutput += data;
      });
  };
  /** A program of its own with nothing but Node's `fetch`, which trusts what the environment says. Prints the answer as hex. */
  const fetchElsewhere = (script: string, ...args: string[]) =>
    new Promise<string>((resolve, reject) => {
      execFile(
        process.execPath,
        ['--input-type=module', '-e', script, ...args],
        { env: { ...process.env, NODE_EXTRA_CA_CERTS: server.caPath }, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => (error ? reject(new Error(stderr)) : resolve(stdout)),
      );
    });
  const upload = async (name: string, content: string | Buffer, more: Record<string, string> = {}) => {
    const file = join(work, `upload-${randomBytes(4).toString('hex')}`);
    writeFileSync(file, content);
    const printed = await fetchElsewhere(
      `import { readFileSync } from 'node:fs';
       const [url, token, file, name, more] = process.argv.slice(1);
       const form = new FormData();
       form.set('file', new Blob([readFileSync(file)]), name);
       for (const [key, value] of Object.entries(JSON.parse(more))) form.set(key, value);
       const answer = await fetch(url + '/api/libraryfiles', { method: 'POST', headers: { authorization: 'Bearer ' + token }, body: form });
       console.log(JSON.stringify({ status: answer.status, body: await answer.json() }));`,
      server.url,
      token,
      file,
      name,
      JSON.stringify(more),
    );
    return JSON.parse(printed);
  };
  const download = async (url: string) => {
    const printed = await fetchElsewhere(
      `const answer = await fetch(process.argv[1]);
       const content = Buffer.from(await answer.arrayBuffer()).toString('hex');
       console.log(JSON.stringify({ status: answer.status, headers: Object.fromEntries(answer.headers), content }));`,
      url,
    );
    const { status, headers, content } = JSON.parse(printed);
    return { status, headers, content: Buffer.from(content, 'hex') };
  };
  const run = async (commands: object[], by = token) =>
    server.call(`/api/machines/${device}/runliveresponse`, {
      token: by,
      json: { Commands: commands, Comment: 'a journey' },
    });
  const action = async (id: string) => (await server.call(`/api/machineactions/${id}`, { token })).json();
  const ends = async (id: string) =>
    (
      await eventually(
        `machine action ${id} ends`,
        async () => {
          const current = await action(id);
          return current.status !== 'Pending' && current.status !== 'InProgress' ? current : null;
        },
        { withinMs: 30_000, lastSeen: () => agentOutput.slice(-2_000) },
      )
    ).value;
  const link = async (id: string, index: number, by = token) =>
    server.call(`/api/machineactions/${id}/GetLiveResponseResultDownloadLink(index=${index})`, { token: by });
  const put = (name: string) => ({ type: 'PutFile', params: [{ key: 'FileName', value: name }] });
  const script = (name: string, args?: string) => ({
    type: 'RunScript',
    params: [
      { key: 'ScriptName', value: name },
      ...(args === undefined ? [] : [{ key: 'Args', value: args }]),
    ],
  });
  const get = (path: string) => ({ type: 'GetFile', params: [{ key: 'Path', value: path }] });
  /** Processes that run in a folder of live response, whoever their parent is by now. */
  const scriptProcesses = () =>
    readdirSync('/proc').filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`\0HOME=${join(work, 'agent')}`);
      } catch {
        return false;
      }
    });

  beforeAll(async () => {
    network = makeNetwork();
    host = network.machine('host');
    work = mkdtempSync(join(tmpdir(), 'merlon-live-'));
    const port = await freePort();
    server = await startServer({
      env: { MERLON_PUBLIC_URL: `https://${network.address}:${port}`, MERLON_PORT: String(port) },
    });
    token = await server.token(
      await server.createApp('Machine.Read.All', 'Machine.LiveResponse', 'Library.Manage'),
    );
    const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', work);
    const onboarded = await host.run(AGENT_EXECUTABLE, ['onboard', '--package', made.files[0]], {
      env: agentEnv(),
    });
    expect(onboarded.code, onboarded.stderr + onboarded.stdout).toBe(0);
    startAgent();
    const { value } = await eventually(
      'the machine appears',
      async () => (await server.call('/api/machines', { token })).json().value[0],
      { withinMs: 20_000, lastSeen: () => agentOutput },
    );
    device = value.id;
  });
  afterAll(async () => {
    agent?.kill('SIGTERM');
    await server?.dispose();
    network?.remove();
    if (work) rmSync(work, { recursive: true, force: true });
  });

  const tool = randomBytes(3 * 1024 * 1024 + 17);
  it('keeps a library', async () => {
    const uploaded = await upload('tool.bin', tool, { Description: 'a tool' });
    expect(uploaded.status, JSON.stringify(uploaded.body)).toBe(200);
    expect(uploaded.body).toMatchObject({
      fileName: 'tool.bin',
      sha256: sha256(tool),
      description: 'a tool',
      hasParameters: false,
      parametersDescription: null,
    });
    const again = await upload('Tool.bin', tool);
    expect([again.status, again.body.error.code]).toEqual([400, 'BadRequest']);
    const look = await upload(
      'look.sh',
      '#!/bin/sh\nsha256sum tool.bin; for a in "$@"; do echo "<$a>"; done; echo trouble >&2; exit 7\n',
      { HasParameters: 'true', ParametersDescription: 'words', OverrideIfExists: 'true' },
    );
    expect(look.status).toBe(200);
    const listed = (await server.call('/api/libraryfiles', { token })).json();
    expect(listed['@odata.context']).toMatch(/\$metadata#LibraryFiles$/);
    expect(listed.value.map((file: { fileName: string }) => file.fileName)).toEqual(['look.sh', 'tool.bin']);
  });

  it('puts a file there, runs a script on it and gets a file back, byte for byte', async () => {
    const evidence = join(work, 'evidence with blanks.bin');
    const content = randomBytes(9 * 1024 * 1024 + 1);
    writeFileSync(evidence, content);
    const ordered = await run([
      put('tool.bin'),
      script('look.sh', `one "two words" '$(id)' ; id`),
      get(evidence),
      get('/usr/lib/os-release'),
    ]);
    expect(ordered.status, ordered.text).toBe(201);
    expect(ordered.json()).toMatchObject({ type: 'LiveResponse', requestorComment: 'a journey' });
    expect(ordered.json().id).toMatch(GUID);
    const second = await run([get('/etc/passwd')]);
    expect([second.status, second.json().error.code]).toEqual([400, 'ActiveRequestAlreadyExists']);
    const done = await ends(ordered.json().id);
    expect(done, agentOutput.slice(-2_000)).toMatchObject({ status: 'Succeeded', troubleshootInfo: null });
    for (const command of done.commands)
      expect(command).toMatchObject({
        commandStatus: 'Completed',
        errors: [],
        startTime: expect.any(String),
      });
    expect(done.commands[1].command).toEqual(script('look.sh', `one "two words" '$(id)' ; id`));

    const uri = (await link(done.id, 2)).json().value;
    expect(uri).toMatch(/^https:/);
    const fetched = await download(uri);
    expect(fetched.status).toBe(200);
    expect(fetched.content.equals(content)).toBe(true);
    expect(fetched.headers).toMatchObject({
      'content-length': String(content.length),
      'content-disposition': expect.stringMatching(/^attachment; filename="evidence_with_blanks.bin"/),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    const printed = JSON.parse((await download((await link(done.id, 1)).json().value)).content.toString());
    expect(printed).toEqual({
      script_name: 'look.sh',
      exit_code: 7,
      script_output: `${sha256(tool)}  tool.bin\n<one>\n<two words>\n<$(id)>\n<;>\n<id>\n`,
      script_errors: 'trouble\n',
    });
    expect((await download((await link(done.id, 3)).json().value)).content).toEqual(
      readFileSync('/usr/lib/os-release'),
    );
    expect((await link(done.id, 0)).json().error.code).toBe('InvalidInput');
    expect((await link(done.id, 4)).json().error.code).toBe('InvalidInput');
    expect((await download(`${uri.slice(0, -3)}abc`)).status).toBe(404);
  });

  it('stops at the first command that fails, and says why', async () => {
    await upload('slow.sh', '#!/bin/sh\n(setsid sleep 1000 &)\necho begun > begun\nsetsid sleep 1000\n');
    const pipe = join(work, 'pipe');
    await host.run('mkfifo', [pipe]);
    for (const [path, reason] of [
      [pipe, 'a pipe'],
      [work, 'a folder'],
      ['/proc/kmsg', 'of type proc'],
      ['/dev/zero', 'a device'],
      ['/nothing/here', 'there is no'],
      ['/proc/self/exe', 'of type proc'],
      ['/etc/mtab', 'a symbolic link to'],
    ] as const) {
      const done = await ends((await run([get(path), get('/etc/passwd')])).json().id);
      expect(done.status, path).toBe('Failed');
      expect(done.commands.map((one: { commandStatus: string }) => one.commandStatus)).toEqual([
        'Failed',
        'Created',
      ]);
      expect(done.commands[0].errors[0]).toContain(reason);
      expect((await link(done.id, 1)).status).toBe(404);
    }
  });

  it('ends a script in the middle when the action is cancelled, with everything that it started', async () => {
    const ordered = await run([script('slow.sh'), get('/etc/passwd')]);
    expect(ordered.status, ordered.text).toBe(201);
    const { id } = ordered.json();
    const begun = join(work, 'agent', 'live-response', 'files', 'begun');
    await eventually('the script begins', async () => existsSync(begun), {
      withinMs: 10_000,
      lastSeen: () => agentOutput.slice(-2_000),
    });
    expect(scriptProcesses().length).toBeGreaterThan(1);
    const cancelled = await server.call(`/api/machineactions/${id}/cancel`, {
      token,
      json: { Comment: 'enough' },
    });
    expect(cancelled.status, cancelled.text).toBe(200);
    const done = await ends(id);
    expect(done).toMatchObject({ status: 'Cancelled', cancellationComment: 'enough' });
    expect(done.commands[0]).toMatchObject({ commandStatus: 'Failed', errors: ['It was cancelled.'] });
    expect(scriptProcesses()).toEqual([]);
    rmSync(begun);
  });

  it('runs no script twice when the agent dies in the middle, and leaves none of it running', async () => {
    const { id } = (await run([script('slow.sh')])).json();
    const begun = join(work, 'agent', 'live-response', 'files', 'begun');
    await eventually('the script begins', async () => existsSync(begun), { withinMs: 10_000 });
    agent.kill('SIGKILL');
    await eventually('the agent ends', async () => agent.signalCode !== null || agent.exitCode !== null, {
      withinMs: 5_000,
    });
    rmSync(begun);
    startAgent();
    const done = await ends(id);
    expect(done.status).toBe('Failed');
    expect(done.commands[0].errors[0]).toContain('not run a second time');
    expect(existsSync(begun)).toBe(false);
    expect(scriptProcesses()).toEqual([]);
  });

  it('leaves each word in the trail', async () => {
    const records = await server.cli('audit', 'list', '--top', '200');
    const actions = new Set(records.map((one: { action: string }) => one.action));
    for (const name of [
      'libraryFile.upload',
      'machine.liveResponse',
      'machineAction.result',
      'machineAction.link',
      'machineAction.download',
    ])
      expect(actions, name).toContain(name);
  });
});
