/** What installers need before the device has a key: the agent itself, and somebody to tell where they stopped. The token of their package authorises both. */
import { createReadStream } from 'node:fs';
import { ApiError, InstallerReport, ONBOARDING_PATHS } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { checkInput } from '../../http/validation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Counter } from '../../telemetry/metrics.ts';
import type { AgentFiles } from './agent-files.ts';
import type { PackageTokens } from './package-token.ts';
import type { ReportBudget } from './report-budget.ts';
import type { OnboardingStore } from './store.ts';

/** Of the agent at once: a fleet that fetches it shares the line in turns. */
const DOWNLOADS_AT_ONCE = 64;
const DOWNLOAD_RETRY_S = 10;
const REPORT_BYTES = 4 * 1024;

export function installerRoutes(deps: {
  readonly tokens: Pick<PackageTokens, 'bearer'>;
  readonly agents: Pick<AgentFiles, 'find'>;
  readonly store: Pick<OnboardingStore, 'addReport'>;
  readonly budget: ReportBudget;
  readonly clock: Clock;
  /** By `outcome`. */
  readonly reports: Counter;
}): Route[] {
  let downloading = 0;
  return [
    defineRoute({
      id: 'onboarding.agent',
      method: 'GET',
      path: ONBOARDING_PATHS.agent,
      summary: 'The agent that a package names by its SHA-256.',
      access: { kind: 'public', why: 'the token of a package in the Authorization header authorises it' },
      audit: null,
      accepts: 'none',
      params: Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
      responses: { 200: Type.Unsafe<Buffer>({ description: 'The executable file.' }) },
      async handle(request) {
        await deps.tokens.bearer(single(request.headers.authorization));
        const file = await deps.agents.find(request.params.sha256);
        if (!file)
          throw new ApiError('ResourceNotFound', 'The server has no agent of that SHA-256 any more.');
        if (downloading >= DOWNLOADS_AT_ONCE)
          throw new ApiError('ServiceUnavailable', 'Too many devices fetch the agent at this moment.', {
            retryAfterSeconds: DOWNLOAD_RETRY_S,
          });
        downloading += 1;
        const body = createReadStream(file.path);
        body.once('close', () => {
          downloading -= 1;
        });
        return {
          status: 200,
          body,
          headers: { 'content-type': 'application/octet-stream', 'content-length': String(file.bytes) },
        };
      },
    }),
    defineRoute({
      id: 'onboarding.report',
      method: 'POST',
      path: ONBOARDING_PATHS.report,
      summary: 'Take from an installer where it stopped, and why.',
      access: { kind: 'public', why: 'the token of a package in the Authorization header authorises it' },
      audit: null,
      accepts: 'form',
      bodyLimit: REPORT_BYTES,
      responses: { 204: Type.Unsafe<undefined>({ description: 'It is kept.' }) },
      async handle(request) {
        const claims = await deps.tokens.bearer(single(request.headers.authorization));
        const now = deps.clock.now();
        const wait = deps.budget.take(request.ip, claims.pkg, now.getTime());
        if (wait > 0) {
          deps.reports.inc({ outcome: 'shed' });
          throw new ApiError('TooManyRequests', undefined, { retryAfterSeconds: wait });
        }
        // A form holds text alone.
        const report = checkInput('query', InstallerReport, request.body) as InstallerReport;
        const kept = await deps.store.addReport(claims.tid, {
          package_id: claims.pkg,
          computer_name: report.computerName,
          stage: report.stage,
          code: report.code,
          detail: report.detail ?? '',
          os: report.os ?? '',
          external_ip: request.ip,
          at: now,
        });
        deps.reports.inc({ outcome: kept ? 'kept' : 'full' });
        if (!kept)
          throw new ApiError('ServiceUnavailable', 'The package has reports of too many computers.', {
            retryAfterSeconds: 3_600,
          });
        return { status: 204 };
      },
    }),
  ];
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
