/**
 * What packages are made of, for each tool, read by the interpreters and checkers of their formats that are installed here; which are not is said by name. That
 * the tools of Linux carry them out is proved in tests/journeys/onboarding-tools.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandKeyFrom, newCommandKeyPem } from './command-key.ts';
import { packageFiles } from './package-files.ts';
import { type PackageFacts, packageInformation } from './package-information.ts';
import { packageKinds, packageTools } from './package-tools.ts';
import { templateFolder } from './template-folder.ts';

/** The system's own, for which Debian packages its libraries. */
const PYTHON = '/usr/bin/python3';
/** Largest user data of EC2, before it is encoded. */
const EC2_USER_DATA_BYTES = 16_384;

interface Artefact {
  readonly os: string;
  readonly tool: string;
  readonly kind: string;
  readonly path: string;
  readonly file: string;
  readonly text: string;
}

function installed(command: string, ...probe: string[]): boolean {
  const there = spawnSync(command, probe, { stdio: 'ignore' }).status === 0;
  if (!there) console.log(`not run, since it is not installed: ${command} ${probe.join(' ')}`);
  return there;
}
const tools = {
  yaml: installed(PYTHON, '-c', 'import yaml'),
  xmllint: installed('xmllint', '--version'),
  ruby: installed('ruby', '--version'),
  puppet: installed('puppet', '--version'),
  ansible: installed('ansible-playbook', '--version'),
};

describe('the files of packages', () => {
  let work: string;
  const all: Artefact[] = [];
  const ending = (...endings: string[]) => all.filter(({ path }) => endings.includes(extname(path)));
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'merlon-artefacts-'));
    const key = commandKeyFrom(newCommandKeyPem());
    for (const tool of packageTools)
      for (const kind of packageKinds) {
        const facts: PackageFacts = {
          tenantId: '11111111-2222-4333-8444-555555555555',
          packageId: '66666666-7777-4888-9999-aaaaaaaaaaaa',
          kind,
          serverUrl: 'https://merlon.example.com:8443',
          caPem: `-----BEGIN CERTIFICATE-----\n${'QUJD\n'.repeat(12)}-----END CERTIFICATE-----\n`,
          proxyUrl: 'http://proxy.example.com:3128',
          tag: `it's "<quoted>" & more`,
          agents: {
            'linux-x64': 'a'.repeat(64),
            'linux-arm64': 'b'.repeat(64),
            'windows-x64': 'c'.repeat(64),
          },
          createdAt: new Date('2026-11-25T12:00:00Z'),
          expiresAt: new Date('2026-12-25T12:00:00Z'),
        };
        const files = packageFiles(facts, await packageInformation(facts, key), tool, templateFolder());
        for (const { path, content } of files) {
          const file = join(work, tool.os, tool.tool, kind, path);
          mkdirSync(dirname(file), { recursive: true });
          writeFileSync(file, content);
          all.push({ os: tool.os, tool: tool.tool, kind, path, file, text: content.toString('utf8') });
        }
      }
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('are there for each tool, in both kinds', () => {
    expect(new Set(all.map(({ os, tool, kind }) => `${os} ${tool} ${kind}`)).size).toBe(
      2 * packageTools.length,
    );
  });

  it('that are shell scripts are ones to the strictest shell here', () => {
    const scripts = ending('.sh');
    expect(scripts.length).toBeGreaterThan(25);
    for (const { file } of scripts) run('sh', '-n', file);
  });

  it('that are JSON are', () => {
    for (const { path, text } of ending('.json', '.onboarding', '.offboarding'))
      expect(() => JSON.parse(text), path).not.toThrow();
  });

  it('fit into what the clouds take as user data', () => {
    for (const { path, text } of all
      .filter(({ tool }) => tool === 'aws')
      .filter(({ path }) => path.startsWith('user-data')))
      expect(Buffer.byteLength(text), path).toBeLessThanOrEqual(EC2_USER_DATA_BYTES);
  });

  it('that are templates of Azure name what they deploy, and files that are there', () => {
    const templates = all.filter(({ path }) => path.startsWith('azuredeploy'));
    expect(templates).toHaveLength(4);
    for (const { text } of templates) {
      const template = JSON.parse(text);
      expect(template.$schema).toMatch(
        /^https:\/\/schema\.management\.azure\.com\/schemas\/.*deploymentTemplate\.json#$/,
      );
      expect(template.contentVersion).toMatch(/^\d+(\.\d+){3}$/);
      for (const resource of template.resources) {
        expect(Object.keys(resource)).toEqual(
          expect.arrayContaining(['type', 'apiVersion', 'name', 'location', 'properties']),
        );
        // An expression of the template language begins so: a script must not.
        expect(JSON.stringify(resource.properties)).not.toMatch(/"script":"\[/);
      }
    }
    const bicep = ending('.bicep');
    expect(bicep).toHaveLength(4);
    for (const { os, tool, kind, text } of bicep) {
      const loaded = [...text.matchAll(/load\w+\('([^']+)'\)/g)].map(([, name]) => name);
      expect(loaded.length).toBeGreaterThan(0);
      for (const name of loaded)
        expect(
          all.some((one) => one.os === os && one.tool === tool && one.kind === kind && one.path === name),
        ).toBe(true);
      for (const [open, close] of ['{}', '[]', '()'])
        expect(text.split(open as string).length).toBe(text.split(close as string).length);
    }
  });

  it('that are policy definitions of Windows refer only to what is there', () => {
    const [admx] = ending('.admx');
    const [adml] = ending('.adml');
    if (!admx || !adml) throw new Error('there are no policy definitions');
    const ids = (text: string, element: string, attribute: string) =>
      [...text.matchAll(new RegExp(`<${element}\\b[^>]*\\b${attribute}="([^"]+)"`, 'g'))].map(([, id]) => id);
    const strings = new Set(ids(adml.text, 'string', 'id'));
    const presentations = new Set(ids(adml.text, 'presentation', 'id'));
    for (const [, id] of admx.text.matchAll(/\$\(string\.(\w+)\)/g)) expect(strings).toContain(id);
    for (const [, id] of admx.text.matchAll(/\$\(presentation\.(\w+)\)/g))
      expect(presentations).toContain(id);
    const categories = new Set(ids(admx.text, 'category', 'name'));
    for (const id of ids(admx.text, 'parentCategory', 'ref')) expect(categories).toContain(id);
    const supported = new Set(ids(admx.text, 'definition', 'name'));
    for (const id of ids(admx.text, 'supportedOn', 'ref')) expect(supported).toContain(id);
    // Each input of a presentation stands for an element of the policy of the same name, and the other way round.
    for (const [, name, body] of admx.text.matchAll(/<policy name="(\w+)"([\s\S]*?)<\/policy>/g)) {
      const shown =
        new RegExp(`<presentation id="${name}">([\\s\\S]*?)</presentation>`).exec(adml.text)?.[1] ?? '';
      expect(ids(shown, 'textBox', 'refId')).toEqual(ids(body ?? '', 'text', 'id'));
    }
    expect(basename(admx.path, '.admx')).toBe(basename(adml.path, '.adml'));
    // Intune carries the same definitions, and sets a policy of theirs.
    const profile = all.find(({ tool, path }) => tool === 'intune' && path === 'custom-profile.json');
    const [definitions, policy] = JSON.parse(profile?.text ?? '').omaSettings;
    expect(definitions.value).toBe(admx.text);
    expect(policy.omaUri).toMatch(/\/Merlon~Policy~Merlon\/Onboarding$/);
    const value = /value="([^"]*)"/.exec(policy.value)?.[1] ?? '';
    expect(JSON.parse(unescaped(value)).kind).toBe('merlon-onboarding');
  });

  it.skipIf(!tools.xmllint)('that are XML are well formed', () => {
    for (const { file } of ending('.xml', '.admx', '.adml', '.plist', '.mobileconfig'))
      run('xmllint', '--noout', '--nonet', file);
  });

  it('that are property lists of Apple are, and carry the information', () => {
    const lists = ending('.plist', '.mobileconfig');
    expect(lists).toHaveLength(6);
    const read = 'import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], "rb"))))';
    for (const { file, kind } of lists) {
      const list = JSON.parse(run(PYTHON, '-c', read, file));
      const settings = list.PayloadContent?.[0] ?? list;
      const information = JSON.parse(settings[kind === 'onboarding' ? 'OnboardingInfo' : 'OffboardingInfo']);
      expect(information.kind).toBe(`merlon-${kind}`);
      if (list.PayloadContent === undefined) continue;
      expect([list.PayloadType, list.PayloadVersion, list.PayloadScope]).toEqual([
        'Configuration',
        1,
        'System',
      ]);
      const uuids = [list.PayloadUUID, settings.PayloadUUID];
      expect(new Set(uuids).size).toBe(2);
      for (const uuid of uuids) expect(uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    }
  });

  it('of Windows end their lines as its interpreters want', () => {
    const scripts = ending('.cmd', '.ps1');
    expect(scripts.length).toBeGreaterThan(15);
    for (const { path, text } of scripts) {
      expect(text.replaceAll('\r\n', ''), path).not.toContain('\n');
      // Brackets and here-strings are closed.
      if (path.endsWith('.ps1'))
        expect([...text.matchAll(/@['"]\r\n/g)].length, path).toBe([...text.matchAll(/\r\n['"]@/g)].length);
    }
  });

  it.skipIf(!tools.yaml)('that are YAML are', () => {
    const files = [
      ...ending('.yml', '.yaml', '.sls'),
      ...all.filter(({ tool, path }) => tool === 'cloud-init' && path.startsWith('user-data')),
    ].filter(({ path }) => !path.includes('/templates/'));
    expect(files.length).toBeGreaterThan(15);
    run(
      PYTHON,
      '-c',
      'import sys, yaml\nfor f in sys.argv[1:]: list(yaml.safe_load_all(open(f)))',
      ...files.map(({ file }) => file),
    );
  });

  it.skipIf(!tools.ruby)('that are Ruby are', () => {
    for (const { file } of ending('.rb')) run('ruby', '-c', file);
  });

  it.skipIf(!tools.puppet)('that are Puppet manifests are', () => {
    run('puppet', 'parser', 'validate', ...ending('.pp').map(({ file }) => file));
  });

  it.skipIf(!tools.ansible)('that are Ansible playbooks are', () => {
    for (const { file } of ending('.yml').filter(
      ({ tool, path }) => tool === 'ansible' && !path.includes('/'),
    ))
      run('env', 'LC_ALL=C.UTF-8', 'ansible-playbook', '-i', 'localhost,', '--syntax-check', file);
  });
});

function unescaped(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replaceAll(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole);
}
