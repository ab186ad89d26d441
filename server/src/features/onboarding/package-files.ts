/** The files of a package: the templates of its tool, filled in with its information. The same facts give the same bytes. */
import { createHash } from 'node:crypto';
import { type ArchiveFile, debPackage, rpmPackage } from '@merlon/archives';
import { nowIso7 } from '@merlon/contract';
import type { PackageFacts, PackageInformation } from './package-information.ts';
import type { PackageTool } from './package-tools.ts';
import { filledIn, withLineEnds } from './template.ts';
import type { TemplateFolder } from './template-folder.ts';

/** They hold the token that lets devices join or leave. */
const DATA_MODE = 0o600;
const SCRIPT_MODE = 0o700;

export function packageFiles(
  facts: PackageFacts,
  information: PackageInformation,
  tool: PackageTool,
  templates: TemplateFolder,
): ArchiveFile[] {
  const values = valuesOf(facts, information);
  const folder = `onboarding/${tool.folder}/${facts.kind === 'onboarding' ? 'onboard' : 'offboard'}`;
  const files = templates.below(folder).map((name): ArchiveFile => {
    const text = filledIn(templates.text(`${folder}/${name}`), values, templates);
    return {
      path: filledIn(name, values, templates),
      content: Buffer.from(withLineEnds(name, text)),
      mode: name.endsWith('.sh') ? SCRIPT_MODE : DATA_MODE,
    };
  });
  return tool.packed === 'files' ? files : [systemPackage(facts, files, tool.packed)];
}

/** Of the zip that holds a package, and of what lies in it where that is one file. */
export function archiveName(facts: PackageFacts, tool: Pick<PackageTool, 'os' | 'tool'>): string {
  return `merlon-${facts.kind}_${tool.os}_${tool.tool}_valid_until_${dayOf(facts.expiresAt)}`;
}

function valuesOf(facts: PackageFacts, { content, token }: PackageInformation): Record<string, string> {
  const information = `${JSON.stringify(content, null, 2)}\n`;
  const informationInXml = escapedForXml(JSON.stringify(content));
  return {
    information,
    informationInXml,
    informationInXmlInJson: JSON.stringify(informationInXml).slice(1, -1),
    kind: facts.kind,
    Kind: facts.kind === 'onboarding' ? 'Onboarding' : 'Offboarding',
    blob: Buffer.from(information).toString('base64'),
    token,
    tenantId: facts.tenantId,
    packageId: facts.packageId,
    secondId: secondId(facts.packageId),
    serverUrl: facts.serverUrl,
    proxyUrl: facts.proxyUrl ?? '',
    caPem: facts.caPem.endsWith('\n') ? facts.caPem : `${facts.caPem}\n`,
    expiresAt: nowIso7(facts.expiresAt),
    expiresOn: dayOf(facts.expiresAt),
    agentX64: facts.agents['linux-x64'] ?? '',
    agentArm64: facts.agents['linux-arm64'] ?? '',
    agentWindows: facts.agents['windows-x64'] ?? '',
    agentMac: facts.agents['macos-arm64'] ?? '',
  };
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
function escapedForXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => XML_ENTITIES[character] ?? character);
}

/** Where a format wants another id besides, it follows from the package's. */
function secondId(packageId: string): string {
  const hex = createHash('sha256').update(packageId).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const dayOf = (at: Date) => at.toISOString().slice(0, 10);

/** A package of the system whose installation onboards, or offboards. A newer one of the tenant takes the place of an older. */
function systemPackage(
  facts: PackageFacts,
  files: readonly ArchiveFile[],
  format: 'deb' | 'rpm',
): ArchiveFile {
  const onboards = facts.kind === 'onboarding';
  const name = onboards ? 'merlon-onboarding' : 'merlon-offboarding';
  const [script] = files.map(({ path }) => path).filter((path) => path.endsWith('.sh'));
  if (script === undefined) throw new Error('a system package has no script to run');
  const described = {
    name,
    version: `1.${Math.floor(facts.createdAt.getTime() / 1000)}`,
    summary: `${onboards ? 'Onboards' : 'Offboards'} this machine: ${new URL(facts.serverUrl).host}`,
    description: `Package ${facts.packageId} of tenant ${facts.tenantId}, until ${nowIso7(facts.expiresAt)}.`,
    maintainer: 'Merlon <noreply@localhost>',
    license: 'Apache-2.0',
    files,
    configuration: [],
    needs: [],
    scripts: { afterInstall: `/${script}\n` },
  };
  const fileName = onboards ? name : `${name}_valid_until_${dayOf(facts.expiresAt)}`;
  return {
    path: `${fileName}.${format}`,
    content:
      format === 'deb'
        ? debPackage({ ...described, architecture: 'all' })
        : rpmPackage({ ...described, architecture: 'noarch' }),
    mode: DATA_MODE,
  };
}
