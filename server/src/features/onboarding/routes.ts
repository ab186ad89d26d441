/** What is not an operation: the download of a package, and where devices stand, which each caller sees of his own groups. */
import { ApiError, nowIso7 } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import type { PackageBuilder } from './package-builder.ts';
import type { DeviceStandingRow, OnboardingStore } from './store.ts';

const guid = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
const MAX_TOP = 10_000;

const Standing = Type.Object({
  deviceId: Type.String(),
  computerName: Type.String(),
  packageId: Type.Union([Type.String(), Type.Null()]),
  /** Joined: no word of it since it enrolled. */
  state: Type.Enum(['Joined', 'Reporting', 'Offboarded', 'Superseded']),
  onboardedAt: Type.String(),
  firstSignalAt: Type.Union([Type.String(), Type.Null()]),
  secondsToFirstSignal: Type.Union([Type.Number(), Type.Null()]),
  lastSeenAt: Type.String(),
  supersededBy: Type.Union([Type.String(), Type.Null()]),
});

export function onboardingRoutes({
  store,
  builder,
}: {
  readonly store: Pick<OnboardingStore, 'campaign' | 'standings'>;
  readonly builder: Pick<PackageBuilder, 'zip'>;
}): Route[] {
  return [
    defineRoute({
      id: 'package.download',
      method: 'GET',
      path: '/api/merlon/onboarding/packages/:id/download',
      summary: 'A package as a zip. It holds the token that lets devices join, or leave.',
      access: {
        kind: 'api',
        application: ['AccessManagement.ReadWrite.All'],
        delegated: 'portal',
        role: 'SecuritySettings.Manage',
        deviceScope: 'none',
        lasting: true,
      },
      audit: 'package.download',
      params: Type.Object({ id: Type.String({ pattern: guid }) }),
      responses: { 200: Type.Unsafe<Buffer>({ description: 'A zip archive.' }) },
      async handle({ caller, params, audit }) {
        audit.target('package', params.id);
        const row = await store.campaign(caller.tenantId, params.id);
        if (!row) throw new ApiError('ResourceNotFound', `There is no package ${params.id}.`);
        const { name, bytes } = await builder.zip(caller.tenantId, row);
        return {
          status: 200,
          body: bytes,
          headers: {
            'content-type': 'application/zip',
            'content-disposition': `attachment; filename="${name}"`,
            'cache-control': 'no-store',
          },
        };
      },
    }),
    defineRoute({
      id: 'onboarding.devices',
      method: 'GET',
      path: '/api/merlon/onboarding/devices',
      summary: 'Where each device stands with its onboarding, by device id.',
      access: {
        kind: 'api',
        application: ['Machine.Read.All', 'Machine.ReadWrite.All'],
        delegated: 'portal',
        role: 'ViewData.SecurityOperations',
        deviceScope: 'filter',
      },
      audit: null,
      query: Type.Object(
        {
          packageId: Type.Optional(Type.String({ pattern: guid })),
          /** The last device id of the page before. */
          after: Type.Optional(Type.String({ pattern: '^[0-9a-f]{40}$' })),
          top: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_TOP })),
        },
        { additionalProperties: false },
      ),
      responses: { 200: Type.Object({ value: Type.Array(Standing) }) },
      async handle({ caller, query }) {
        const rows = await store.standings(
          caller,
          { packageId: query.packageId ?? null, after: query.after ?? null },
          query.top ?? 1_000,
        );
        return { status: 200, body: { value: rows.map(standing) } };
      },
    }),
  ];
}

function standing(row: DeviceStandingRow) {
  const signal = row.first_signal;
  return {
    deviceId: row.id,
    computerName: row.computer_name,
    packageId: row.package_id,
    state: row.merged_into
      ? 'Superseded'
      : row.state === 'Offboarded'
        ? 'Offboarded'
        : signal
          ? 'Reporting'
          : 'Joined',
    onboardedAt: nowIso7(row.onboarded_at),
    firstSignalAt: signal && nowIso7(signal),
    secondsToFirstSignal: signal && Math.max(0, (signal.getTime() - row.onboarded_at.getTime()) / 1000),
    lastSeenAt: nowIso7(row.last_seen),
    supersededBy: row.merged_into,
  };
}
