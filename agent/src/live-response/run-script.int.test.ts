/** Scripts as real processes in real cgroups: nothing of them outlives them. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../testing/until.ts';
import { confine, killLeftOver } from './confinement.ts';
import { runScript, type ScriptRun } from './run-script.ts';

const never = new AbortController().signal;
let runs = 0;

/** Processes whose environment names the folder, whatever became of their parents. */
function alive(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`HOME=${folder}\0`);
    } catch {
      return false;
    }
  });
}

describe('running a script', () => {
  let dir: string;
  const script = (text: string | Buffer) => {
    const file = join(dir, `script ${++runs}`);
    writeFileSync(file, text);
    return file;
  };
  const run = (text: string | Buffer, more: Partial<ScriptRun> = {}) =>
    runScript({
      name: `test-${process.pid}-${++runs}`,
      file: script(text),
      args: [],
      folder: dir,
      timeoutSeconds: 60,
      keepBytes: 1_000,
      signal: never,
      ...more,
    });

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'merlon-script-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('gives back what it said and how it ended', async () => {
    const outcome = await run('#!/bin/sh\npwd; echo "[$1][$2]"; echo bad >&2; env | sort >&2; exit 3\n', {
      args: ['two words', '$HOME;id'],
    });
    expect(outcome).toMatchObject({ exitCode: 3, timedOut: false });
    expect(outcome.out).toEqual({ text: `${dir}\n[two words][$HOME;id]\n`, droppedBytes: 0 });
    expect(outcome.err.text.split('\n').filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line))).toEqual([
      'bad',
      `HOME=${dir}`,
      'LANG=C.UTF-8',
      expect.stringMatching(/^PATH=/),
      'TERM=dumb',
      '',
    ]);
  });

  it('takes the interpreter the script names, /bin/sh for one that names none, and programs as they are', async () => {
    expect((await run('#!/usr/bin/env -S cat -A\nx\n')).out.text).toContain('x$');
    expect((await run('echo plain $0')).out.text).toContain('plain');
    const program = script(readFileSync('/bin/echo'));
    chmodSync(program, 0o700);
    expect((await run('', { file: program, args: ['as', 'it', 'is'] })).out.text).toBe('as it is\n');
  });

  it('keeps so much of endless output, and reads the rest away', async () => {
    const outcome = await run('#!/bin/sh\nhead -c 5000000 /dev/zero | tr "\\0" x\n');
    expect(outcome.out).toEqual({ text: 'x'.repeat(1_000), droppedBytes: 4_999_000 });
  });

  it('ends everything that it started, double forks and new sessions too', async () => {
    const outcome = await run(
      '#!/bin/sh\n(setsid sh -c "trap \'\' TERM HUP; sleep 1000 & sleep 1000" &) ; (sleep 1000 &) ; echo left\n',
    );
    expect(outcome.out.text).toBe('left\n');
    expect(outcome.confinement.kind).toBe('cgroup');
    expect(alive(dir)).toEqual([]);
  });

  it('ends it when its time is over', async () => {
    const outcome = await run('#!/bin/sh\necho begun; while :; do setsid sleep 1000; done\n', {
      timeoutSeconds: 1,
    });
    expect(outcome).toMatchObject({ timedOut: true, exitCode: 137, out: { text: 'begun\n' } });
    expect(alive(dir)).toEqual([]);
  });

  it('ends it when it is cancelled', async () => {
    const controller = new AbortController();
    const running = run(`#!/bin/sh\ntouch '${join(dir, 'begun')}'; setsid sleep 1000 & wait\n`, {
      signal: controller.signal,
    });
    await until('the script begins', () => existsSync(join(dir, 'begun')));
    controller.abort('cancelled');
    await expect(running).rejects.toBe('cancelled');
    expect(alive(dir)).toEqual([]);
  });

  it('ends what does not hide its environment where there is no cgroup, and says so', async () => {
    const confinement = await confine('unused', null);
    const outcome = await run('#!/bin/sh\n(setsid sleep 1000 &); (sleep 1000 &); echo done\n', {
      confinement,
    });
    expect(outcome.confinement).toMatchObject({ kind: 'environment', bounded: false });
    expect(outcome.out.text).toBe('done\n');
    expect(alive(dir)).toEqual([]);
  });

  it('finds what a killed agent left running', async () => {
    const name = `left-${process.pid}`;
    const { prefix } = await confine(name);
    const [program = '', ...words] = prefix;
    execFileSync(program, [...words, '/bin/sh', '-c', 'setsid sleep 1000 >/dev/null 2>&1 &'], {
      env: { ...process.env, HOME: dir },
    });
    await until('the script begins', () => alive(dir).length > 0);
    expect(await killLeftOver(name)).toBe(true);
    expect(alive(dir)).toEqual([]);
    expect(await killLeftOver(name)).toBe(false);
  });
});
