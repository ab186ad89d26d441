/** From a stored package to its files, whenever they are asked for: the same package gives the same bytes while the server's CA is the same. */
import { type ArchiveFile, zipArchive } from '@merlon/archives';
import type { CommandKey } from './command-key.ts';
import { archiveName, packageFiles } from './package-files.ts';
import { type PackageFacts, packageInformation } from './package-information.ts';
import { packageTools } from './package-tools.ts';
import type { PackageRow } from './store.ts';
import { type TemplateFolder, templateFolder } from './template-folder.ts';

export interface PackageBuilder {
  build(tenantId: string, row: PackageRow): Promise<{ readonly files: readonly ArchiveFile[] }>;
  zip(tenantId: string, row: PackageRow): Promise<{ readonly name: string; readonly bytes: Buffer }>;
}

export function packageBuilder(deps: { commandKey(): CommandKey; readonly caPem: string }): PackageBuilder {
  let templates: TemplateFolder | undefined;
  const made = async (tenantId: string, row: PackageRow) => {
    const tool = packageTools.find((one) => one.os === row.os && one.tool === row.tool);
    if (!tool)
      throw new Error(`package ${row.id} is for ${row.os}/${row.tool}, which is not offered any more`);
    const facts: PackageFacts = {
      tenantId,
      packageId: row.id,
      kind: row.kind === 'offboarding' ? 'offboarding' : 'onboarding',
      serverUrl: row.server_url,
      caPem: deps.caPem,
      proxyUrl: row.proxy_url,
      tag: row.tag,
      agents: row.agents,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    };
    templates ??= templateFolder();
    const information = await packageInformation(facts, deps.commandKey());
    return { name: archiveName(facts, tool), files: packageFiles(facts, information, tool, templates) };
  };
  return {
    build: made,
    async zip(tenantId, row) {
      const { name, files } = await made(tenantId, row);
      return { name: `${name}.zip`, bytes: await zipArchive(files) };
    },
  };
}
