/** Live response for real: a server, a machine with the real agent, and what an analyst gets from there, compared byte for byte with what lies there. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { whyNoNetwork } from '../support/hosts.ts';
import { type OnboardedMachine, onboardMachine } from '../support/onboarded-machine.ts';
import type { TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const why = whyNoNetwork();
if (why) console.log(`live response is not run: ${why}`);

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
interface Entry {
  readonly position: number;
  readonly command: number;
  readonly stream: string | null;
  readonly text: string;
}
interface Answered {
  readonly type: string;
  readonly command?: number | null;
  readonly code?: string;
  readonly message?: string;
}
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe.skipIf(why)('live response', () => {
  let machine: OnboardedMachine;
  let server: TestServer;
  let token: string;
  let work: string;
  let device = '';

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
  const ends = (id: string) => machine.ended(id, 30_000);
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
        const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
        return environment.includes(`\0HOME=${join(work, 'agent')}`);
      } catch {
        return false;
      }
    });

  beforeAll(async () => {
    machine = await onboardMachine('Machine.LiveResponse', 'Library.Manage');
    ({ server, token, work, deviceId: device } = machine);
  });
  afterAll(async () => {
    await machine?.dispose();
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
    expect(done, machine.output().slice(-2_000)).toMatchObject({
      status: 'Succeeded',
      troubleshootInfo: null,
    });
    for (const command of done.commands)
      expect(command).toMatchObject({
        commandStatus: 'Completed',
        errors: [],
        startTime: expect.any(String),
      });
    expect(done.commands[1]?.command).toEqual(script('look.sh', `one "two words" '$(id)' ; id`));

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
    await machine.host.run('mkfifo', [pipe]);
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
      expect(done.commands[0]?.errors[0]).toContain(reason);
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
      lastSeen: () => machine.output().slice(-2_000),
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
    machine.agent().kill('SIGKILL');
    await eventually(
      'the agent ends',
      async () => machine.agent().signalCode !== null || machine.agent().exitCode !== null,
      {
        withinMs: 5_000,
      },
    );
    rmSync(begun);
    machine.startAgent();
    const done = await ends(id);
    expect(done.status).toBe('Failed');
    expect(done.commands[0]?.errors[0]).toContain('not run a second time');
    expect(existsSync(begun)).toBe(false);
    expect(scriptProcesses()).toEqual([]);
  });

  /** A person or program at a console. */
  class AtConsole {
    readonly entries: Entry[] = [];
    readonly answers: Answered[] = [];
    status = '';
    closed: number | null = null;
    readonly #socket: WebSocket;
    constructor(socket: WebSocket) {
      this.#socket = socket;
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.type === 'entry') this.entries.push(message.entry);
        else if (message.type === 'session') this.status = message.session.status;
        else this.answers.push(message);
      });
      socket.on('close', (code) => {
        this.closed = code;
      });
    }
    /** Resolves with what the command said once it is done. */
    async type(line: string): Promise<{ outcome: string; out: string; err: string; command: number }> {
      const command = await this.begin(line);
      await eventually(`${line} ends`, async () => this.#of(command, 'done').length > 0, {
        withinMs: 20_000,
        lastSeen: () => JSON.stringify(this.entries.slice(-5)) + machine.output().slice(-1_000),
      });
      return {
        command,
        outcome: this.#of(command, 'done')[0]?.text ?? '',
        out: this.text(command, 'out'),
        err: this.text(command, 'err'),
      };
    }
    async begin(line: string): Promise<number> {
      const answer = await this.ask({ type: 'command', line });
      expect(answer.type, JSON.stringify(answer)).toBe('accepted');
      return answer.command ?? 0;
    }
    async ask(message: object): Promise<Answered> {
      const before = this.answers.length;
      this.send(message);
      await eventually('an answer', async () => this.answers.length > before, { withinMs: 10_000 });
      return this.answers[before] as Answered;
    }
    send(message: object): void {
      this.#socket.send(JSON.stringify(message));
    }
    text(command: number, stream: string): string {
      return this.#of(command, stream)
        .map(({ text }) => text)
        .join('');
    }
    #of(command: number, stream: string): Entry[] {
      return this.entries.filter((entry) => entry.command === command && entry.stream === stream);
    }
    leave(): void {
      this.#socket.close();
    }
  }
  const post = (path: string, json: object, by = token) =>
    server.call(`/api/merlon/liveresponse/sessions${path}`, { token: by, json });
  const begin = async (by = token) => {
    const started = await post('', { machineId: device, comment: 'a look' }, by);
    expect(started.status, started.text).toBe(201);
    return started.json() as { id: string; status: string };
  };
  const attend = async (id: string, by = token, after = 0) => {
    const { url } = (await post(`/${id}/ticket`, {}, by)).json();
    const socket = new WebSocket(`${url}&after=${after}`, { ca: server.caPem });
    const console_ = new AtConsole(socket);
    await eventually('the session is connected', async () => console_.status === 'Connected', {
      withinMs: 10_000,
      lastSeen: () => `${console_.status} ${console_.closed} ${machine.output().slice(-2_000)}`,
    });
    return console_;
  };

  it('holds a console session: looks, fetches, brings, runs and takes away', async () => {
    const { id } = await begin();
    const twice = await post('', { machineId: device, comment: 'again' });
    expect([twice.status, twice.json().error.code]).toEqual([400, 'ActiveRequestAlreadyExists']);
    const me = await attend(id);

    expect((await me.type('connect')).out).toContain(device);
    expect((await me.type('help')).out).toContain('getfile <file> [&]');
    const shown = JSON.parse((await me.type('processes -name merlon-agent -output json')).out);
    expect(shown).toContainEqual(expect.objectContaining({ pid: machine.agent().pid, user: 'root' }));
    const sockets = JSON.parse((await me.type('connections -output json')).out);
    expect(sockets).toContainEqual(
      expect.objectContaining({
        state: 'ESTABLISHED',
        remote: expect.stringContaining(machine.serverAddress),
        pid: machine.agent().pid,
      }),
    );
    expect((await me.type('drivers')).outcome).toBe('Completed');
    expect((await me.type('persistence')).out).toContain('/etc/profile');
    expect((await me.type('scheduledtasks')).outcome).toBe('Completed');
    expect((await me.type('startupfolders')).outcome).toBe('Completed');

    // Files: by relative path, described, found, fetched.
    const content = randomBytes(2 * 1024 * 1024 + 5);
    const evil = join(work, 'evil tool.sh');
    writeFileSync(join(work, 'evidence.bin'), content);
    expect((await me.type(`cd ${work}`)).out).toBe(`${work}\n`);
    expect((await me.type('dir')).out).toContain('evidence.bin');
    const info = JSON.parse((await me.type('fileinfo evidence.bin -output json')).out);
    expect(info[0]).toMatchObject({ sha256: sha256(content), bytes: content.length });
    expect((await me.type(`findfile evid*.bin ${work}`)).out).toContain(join(work, 'evidence.bin'));
    const got = await me.type('getfile evidence.bin &');
    expect(got.outcome).toBe('Completed');
    const linked = async (command: number) =>
      download(
        (await server.call(`/api/merlon/liveresponse/sessions/${id}/results/${command}`, { token })).json()
          .value,
      );
    const fetched = await linked(got.command);
    expect(fetched.content.equals(content)).toBe(true);
    expect(fetched.headers['content-disposition']).toContain('filename="evidence.bin"');
    const filed = await me.type('processes > all.txt');
    expect(filed.out).toBe('');
    expect((await linked(filed.command)).content.toString()).toContain('merlon-agent');
    for (const [line, reason] of [
      ['getfile /proc/kmsg', 'of type proc'],
      ['getfile pipe', 'a pipe'],
      ['getfile nothing', 'there is no'],
      ['dir /proc', 'of type proc'],
    ] as const) {
      const failed = await me.type(line);
      expect([failed.outcome, failed.err], line).toEqual(['Failed', expect.stringContaining(reason)]);
    }

    // What it brings and runs.
    expect((await me.ask({ type: 'command', line: 'library' })).command).toBeNull();
    await eventually(
      'the library is listed',
      async () => me.entries.some(({ text }) => text.includes('tool.bin')),
      {
        withinMs: 5_000,
      },
    );
    expect((await me.type('putfile tool.bin -overwrite')).outcome).toBe('Completed');
    const ran = await me.type(`run look.sh -parameters "a 'b c' $(id)"`);
    expect(ran).toMatchObject({
      outcome: 'Completed',
      out: `${sha256(tool)}  tool.bin\n<a>\n<b c>\n<$(id)>\n`,
      err: 'trouble\n[exit code 7]\n',
    });
    const slow = await me.begin('run slow.sh');
    const begun = join(work, 'agent', 'live-response', 'files', 'begun');
    await eventually('the script begins', async () => existsSync(begun), { withinMs: 10_000 });
    me.send({ type: 'interrupt', command: slow });
    await eventually('it is broken off', async () => me.text(slow, 'done') === 'Interrupted', {
      withinMs: 10_000,
    });
    expect(scriptProcesses()).toEqual([]);

    // What it takes away, and gives back.
    writeFileSync(evil, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
    const victim = machine.host.start('sleep', ['1234']);
    const ended = await me.type(`remediate process ${victim.pid}`);
    expect(ended, ended.err).toMatchObject({ outcome: 'Completed' });
    await eventually('the process is gone', async () => victim.signalCode === 'SIGKILL', { withinMs: 5_000 });
    const away = await me.type('remediate file "evil tool.sh"');
    expect(away, away.err).toMatchObject({ outcome: 'Completed' });
    expect(existsSync(evil)).toBe(false);
    const back = await me.type('undo file "evil tool.sh"');
    expect(back, back.err).toMatchObject({ outcome: 'Completed' });
    expect(readFileSync(evil, 'utf8')).toBe('#!/bin/sh\nexec sleep 1000\n');
    expect((await me.type('remediate process 1')).outcome).toBe('Failed');

    // Refused by name, and written down all the same.
    for (const [line, reason] of [
      ['rm -rf /', 'there is no command'],
      ['registry HKLM', 'no registry'],
      ['run nothing.sh', 'no file "nothing.sh" in the library'],
    ] as const)
      expect(await me.ask({ type: 'command', line })).toMatchObject({
        type: 'refused',
        line,
        message: expect.stringContaining(reason),
      });

    // A second socket sees the same words; the log over the API is what both saw.
    const other = await attend(id);
    await eventually('the log is shown again', async () => other.entries.length >= me.entries.length, {
      withinMs: 10_000,
    });
    expect(other.entries.slice(0, me.entries.length)).toEqual(me.entries);
    other.leave();
    const log: Entry[] = [];
    for (let page: Entry[]; ; ) {
      page = (
        await server.call(`/api/merlon/liveresponse/sessions/${id}/log?after=${log.at(-1)?.position ?? 0}`, {
          token,
        })
      ).json().value;
      if (page.length === 0) break;
      log.push(...page);
    }
    expect(log.map(({ position }) => position)).toEqual(log.map((_entry, at) => at + 1));
    expect(log.slice(0, me.entries.length)).toEqual(me.entries);

    const over = await post(`/${id}/close`, {});
    expect(over.json().status).toBe('Ended');
    await eventually('the socket closes', async () => me.closed === 1000, { withinMs: 10_000 });
    expect((await post(`/${id}/ticket`, {})).status).toBe(200);
  });

  it('survives a lost connection of the device, and ends when its agent is started again', async () => {
    const { id } = await begin();
    const me = await attend(id);
    await machine.host.run('ss', ['-K', 'dst', machine.serverAddress]);
    expect((await me.type('connect')).outcome).toBe('Completed');
    machine.agent().kill('SIGKILL');
    await eventually(
      'the agent ends',
      async () => machine.agent().signalCode !== null || machine.agent().exitCode !== null,
      {
        withinMs: 5_000,
      },
    );
    machine.startAgent();
    await me.begin('connect');
    await eventually('the session is over', async () => me.status === 'Ended', {
      withinMs: 20_000,
      lastSeen: () => machine.output().slice(-2_000),
    });
    const session = (await server.call(`/api/merlon/liveresponse/sessions/${id}`, { token })).json();
    expect(session.endReason).toContain('started again');
  });

  it('lets who may only look do no more, and begins nothing that waits for a second word', async () => {
    const password = 'a long enough password 1';
    const person = async (name: string, ...roles: string[]) => {
      const made = await server.cli(
        'user',
        'create',
        '--name',
        name,
        ...roles.flatMap((role) => ['--role', role]),
      );
      return (await server.signIn({ name, password: made.oneTimePassword, newPassword: password }))
        .accessToken;
    };
    const role = async (name: string, ...permissions: string[]) => {
      const made = await server.cli('role', 'create', '--name', name, '--permission', ...permissions);
      return made.name as string;
    };
    await server.cli('access', 'rbac');
    const looker = await person(
      'looker',
      await role('lookers', 'LiveResponse.Basic', 'ViewData.SecurityOperations'),
    );
    const chief = await person(
      'chief',
      await role(
        'chiefs',
        'LiveResponse.Advanced',
        'LiveResponse.Basic',
        'ActiveRemediation.SecurityOperations',
      ),
    );
    const nobody = await person('nobody', await role('readers', 'ViewData.SecurityOperations'));
    expect((await post('', { machineId: device, comment: 'x' }, nobody)).status).toBe(403);
    expect((await run([put('tool.bin')], looker)).status).toBe(403);
    const fetching = await run([get('/usr/lib/os-release')], looker);
    expect(fetching.status, fetching.text).toBe(201);
    await ends(fetching.json().id);

    const { id } = await begin(looker);
    const me = await attend(id, looker);
    expect((await me.type('processes')).outcome).toBe('Completed');
    for (const line of ['run look.sh', 'putfile tool.bin', 'remediate process 1', 'undo file /x', 'library'])
      expect(await me.ask({ type: 'command', line })).toMatchObject({ type: 'refused', code: 'Forbidden' });
    await post(`/${id}/close`, {}, looker);

    await server.cli('approvalpolicy', 'create', '--name', 'Two for a console', '--action', 'LiveResponse');
    const waiting = await begin(looker);
    expect(waiting.status).toBe('AwaitingApproval');
    expect((await post(`/${waiting.id}/approve`, {}, looker)).status).toBe(403);
    const approved = await post(`/${waiting.id}/approve`, { comment: 'go on' }, chief);
    expect(approved.status, approved.text).toBe(200);
    const again = await attend(waiting.id, looker);
    expect((await again.type('connect')).outcome).toBe('Completed');
    await post(`/${waiting.id}/close`, {}, looker);
    const batch = await run([get('/etc/hostname')]);
    expect(batch.json()).toMatchObject({
      status: 'Pending',
      troubleshootInfo: expect.stringContaining('Two for a console'),
    });
    const next = await begin(looker);
    const rejected = await post(`/${next.id}/reject`, {}, chief);
    expect(rejected.json()).toMatchObject({
      status: 'Ended',
      endReason: expect.stringContaining('rejected'),
    });
  });

  it('leaves each word in the trail', async () => {
    const records = await server.cli('audit', 'list', '--top', '500');
    const actions = new Set(records.map((one: { action: string }) => one.action));
    for (const name of [
      'libraryFile.upload',
      'machine.liveResponse',
      'machineAction.result',
      'machineAction.link',
      'machineAction.download',
      'liveResponse.start',
      'liveResponse.attend',
      'liveResponse.command',
      'liveResponse.link',
      'liveResponse.end',
      'liveResponse.approve',
      'liveResponse.reject',
    ])
      expect(actions, name).toContain(name);
  });
});
