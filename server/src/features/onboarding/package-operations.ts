/** Onboarding packages as operations: each is a campaign, known by its id, whose devices and failures are counted until somebody revokes it. */
import { randomUUID } from 'node:crypto';
import { ApiError, nowIso7 } from '@merlon/contract';
import { type TSchema, Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { AgentFiles } from './agent-files.ts';
import type { PackageBuilder } from './package-builder.ts';
import { packageKinds, packageSystems, packageTools } from './package-tools.ts';
import type { CampaignRow, OnboardingStore, ReportRow } from './store.ts';

const MAX_VALID_DAYS = { onboarding: 3_650, offboarding: 30 } as const;
const USUAL_VALID_DAYS = { onboarding: 365, offboarding: 30 } as const;
const DAY_MS = 86_400_000;
const MAX_REPORTS = 1_000;

const exactly = { additionalProperties: false } as const;
const id = Type.String({
  pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
  description: 'Id of the package.',
});
const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

const Tool = Type.Object({
  os: Type.String(),
  tool: Type.String(),
  title: Type.String(),
  use: Type.String(),
});

export const Campaign = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Enum([...packageKinds]),
  os: Type.String(),
  tool: Type.String(),
  tag: orNull(Type.String()),
  serverUrl: Type.String(),
  proxyUrl: orNull(Type.String()),
  agents: Type.Record(Type.String(), Type.String(), { description: 'SHA-256 by platform.' }),
  createdAt: Type.String(),
  createdBy: Type.String(),
  expiresAt: Type.String(),
  revokedAt: orNull(Type.String()),
  revokedBy: orNull(Type.String()),
  state: Type.Enum(['Active', 'Expired', 'Revoked']),
  devicesEnrolled: Type.Integer(),
  devicesHeard: Type.Integer({ description: 'Those of them that have sent anything since.' }),
  medianSecondsToFirstSignal: orNull(Type.Number()),
  lastEnrolledAt: orNull(Type.String()),
  computersFailing: Type.Integer({ description: 'Whose installer failed, and that did not enrol since.' }),
});

const Report = Type.Object({
  computerName: Type.String(),
  stage: Type.String(),
  code: Type.Integer(),
  detail: Type.String(),
  os: Type.String(),
  externalIp: Type.String(),
  at: Type.String(),
  count: Type.Integer({ description: 'Reports of this computer so far.' }),
  resolved: Type.Boolean(),
});

export function packageOperations(deps: {
  readonly store: OnboardingStore;
  readonly agents: Pick<AgentFiles, 'checksums'>;
  readonly builder: PackageBuilder;
  readonly clock: Clock;
  publicUrl(): string;
  /** It counts no more: what is remembered of it is of no use. */
  revoked(tenantId: string, packageId: string): void;
  /** The tag that brings a device into a device group. @throws ApiError when the group has no such rule */
  tagOfGroup(tenantId: string, group: string): Promise<string>;
}): Operation[] {
  const { store, clock } = deps;
  const path = '/api/merlon/onboarding/packages';
  const role = 'SecuritySettings.Manage';
  const reading = {
    role,
    application: ['AccessManagement.Read.All', 'AccessManagement.ReadWrite.All'],
  } as const;
  const writing = { role, application: ['AccessManagement.ReadWrite.All'] } as const;
  const required = async (tenantId: string, packageId: string) => {
    const row = await store.campaign(tenantId, packageId);
    if (!row) throw new ApiError('ResourceNotFound', `There is no package ${packageId}.`);
    return row;
  };
  return [
    defineOperation({
      name: 'package.tools',
      method: 'GET',
      path: '/api/merlon/onboarding/tools',
      summary: 'The tools that onboarding and offboarding packages are made for.',
      ...reading,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(Tool) }),
      run: async () => ({
        value: packageTools.map(({ os, tool, title, use }) => ({ os, tool, title, use })),
      }),
    }),
    defineOperation({
      name: 'package.list',
      method: 'GET',
      path,
      summary: 'Packages, with what became of each; the newest first.',
      ...reading,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(Campaign) }),
      run: async ({ tenantId }) => ({
        value: (await store.campaigns(tenantId)).map((row) => campaign(row, clock.now())),
      }),
    }),
    defineOperation({
      name: 'package.get',
      method: 'GET',
      path: `${path}/:id`,
      summary: 'One package, with what became of it.',
      ...reading,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: Campaign,
      run: async ({ tenantId }, input) => campaign(await required(tenantId, input.id), clock.now()),
    }),
    defineOperation({
      name: 'package.create',
      method: 'POST',
      path,
      summary: 'Make a package for devices of one operating system and tool.',
      ...writing,
      changes: 'package',
      lasting: true,
      input: Type.Object(
        {
          os: Type.String({ maxLength: 32, description: packageSystems.join(', ') }),
          tool: Type.String({ maxLength: 64, description: 'One of package.tools.' }),
          kind: Type.Optional(Type.Enum([...packageKinds])),
          name: Type.Optional(Type.String({ maxLength: 200, description: 'Of the campaign, for people.' })),
          tag: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 200,
              description: 'Carried by every device that enrols with it.',
            }),
          ),
          deviceGroup: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 200,
              description: 'In place of a tag: that of this device group.',
            }),
          ),
          server: Type.Optional(
            Type.String({
              maxLength: 2_048,
              description: 'Where devices reach the server; else its public address.',
            }),
          ),
          proxy: Type.Optional(Type.String({ maxLength: 2_048, description: 'http://host:port.' })),
          validDays: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_VALID_DAYS.onboarding })),
        },
        exactly,
      ),
      output: Campaign,
      prepare: () => deps.agents.checksums(),
      async run({ tenantId, actor }, input, agents) {
        const { kind = 'onboarding', validDays = USUAL_VALID_DAYS[kind] } = input;
        const { os, tool } = toolOf(input);
        if (validDays > MAX_VALID_DAYS[kind])
          throw new ApiError(
            'InvalidInput',
            `An ${kind} package is good for at most ${MAX_VALID_DAYS[kind]} days.`,
          );
        if (input.tag !== undefined && input.deviceGroup !== undefined)
          throw new ApiError('InvalidInput', 'Give a tag or a device group, not both.');
        const tag =
          input.deviceGroup === undefined
            ? (input.tag ?? null)
            : await deps.tagOfGroup(tenantId, input.deviceGroup);
        const createdAt = wholeSeconds(clock.now());
        const packageId = randomUUID();
        await store.addPackage(tenantId, {
          id: packageId,
          os,
          tool,
          tag,
          server_url:
            input.server === undefined ? deps.publicUrl() : originOf(input.server, ['https:'], 'server'),
          created_at: createdAt,
          expires_at: new Date(createdAt.getTime() + validDays * DAY_MS),
          name: input.name ?? '',
          kind,
          proxy_url: input.proxy === undefined ? null : originOf(input.proxy, ['http:', 'https:'], 'proxy'),
          agents: JSON.stringify(kind === 'onboarding' ? agents : {}),
          created_by: actor.name,
        });
        return campaign(await required(tenantId, packageId), clock.now());
      },
    }),
    defineOperation({
      name: 'package.files',
      method: 'GET',
      path: `${path}/:id/files`,
      summary:
        'The files of a package, each as base64. They hold the token that lets devices join, or leave.',
      ...writing,
      changes: 'package',
      lasting: true,
      input: Type.Object({ id }, exactly),
      output: Type.Object({
        id: Type.String(),
        files: Type.Array(
          Type.Object({ path: Type.String(), content: Type.String(), executable: Type.Boolean() }),
        ),
      }),
      async run({ tenantId }, input) {
        const { files } = await deps.builder.build(tenantId, await required(tenantId, input.id));
        return {
          id: input.id,
          files: files.map(({ path, content, mode }) => ({
            path,
            content: content.toString('base64'),
            executable: (mode & 0o100) !== 0,
          })),
        };
      },
    }),
    defineOperation({
      name: 'package.revoke',
      method: 'POST',
      path: `${path}/:id/revoke`,
      summary: 'Let no further device enrol or report with a package. Those that did stay.',
      ...writing,
      changes: 'package',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Campaign,
      async run({ tenantId, actor }, input) {
        await store.revoke(tenantId, input.id, actor.name, clock.now());
        deps.revoked(tenantId, input.id);
        return campaign(await required(tenantId, input.id), clock.now());
      },
    }),
    defineOperation({
      name: 'package.reports',
      method: 'GET',
      path: `${path}/:id/reports`,
      summary:
        'What installers said of where they stopped, the last words of each computer; the newest first.',
      ...reading,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: Type.Object({ value: Type.Array(Report) }),
      async run({ tenantId }, input) {
        await required(tenantId, input.id);
        return { value: (await store.reports(tenantId, input.id, MAX_REPORTS)).map(report) };
      },
    }),
  ];
}

function toolOf(input: { readonly os: string; readonly tool: string }) {
  const [os, tool] = [input.os.toLowerCase(), input.tool.toLowerCase()];
  const offered = packageTools.filter((one) => one.os === os);
  if (offered.length === 0)
    throw new ApiError(
      'InvalidInput',
      `There is no package for os "${input.os}"; there is one for ${packageSystems.join(', ')}.`,
    );
  const found = offered.find((one) => one.tool === tool);
  if (!found)
    throw new ApiError(
      'InvalidInput',
      `There is no tool "${input.tool}" for ${os}; there is ${offered.map((one) => one.tool).join(', ')}.`,
    );
  return found;
}

/** It is put into scripts of many languages as it stands, so it is an origin and nothing else. */
function originOf(text: string, protocols: readonly string[], what: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !protocols.includes(url.protocol))
    throw new ApiError(
      'InvalidInput',
      `The address of the ${what} must be ${protocols.join(' or ')}//host[:port].`,
    );
  if (url.username !== '' || url.password !== '')
    throw new ApiError(
      'InvalidInput',
      `The address of the ${what} may hold no credentials: every device would have them.`,
    );
  return url.origin;
}

const wholeSeconds = (at: Date) => new Date(Math.floor(at.getTime() / 1000) * 1000);

function campaign(row: CampaignRow, now: Date) {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind === 'offboarding' ? ('offboarding' as const) : ('onboarding' as const),
    os: row.os,
    tool: row.tool,
    tag: row.tag,
    serverUrl: row.server_url,
    proxyUrl: row.proxy_url,
    agents: row.agents,
    createdAt: nowIso7(row.created_at),
    createdBy: row.created_by,
    expiresAt: nowIso7(row.expires_at),
    revokedAt: row.revoked_at && nowIso7(row.revoked_at),
    revokedBy: row.revoked_by,
    state: row.revoked_at
      ? ('Revoked' as const)
      : row.expires_at <= now
        ? ('Expired' as const)
        : ('Active' as const),
    devicesEnrolled: row.enrolled,
    devicesHeard: row.heard,
    medianSecondsToFirstSignal: row.median_signal_s,
    lastEnrolledAt: row.last_enrolled_at && nowIso7(row.last_enrolled_at),
    computersFailing: row.failing,
  };
}

function report(row: ReportRow) {
  return {
    computerName: row.computer_name,
    stage: row.stage,
    code: Number(row.code),
    detail: row.detail,
    os: row.os,
    externalIp: row.external_ip,
    at: nowIso7(row.at),
    count: row.count,
    resolved: row.resolved,
  };
}
