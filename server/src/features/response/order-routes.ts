/** The calls that order a machine action, one for each kind: what is asked for, as data, and the routes made of it. */
import {
  ApiError,
  CommentRequest,
  entityAnswer,
  IsolateRequest,
  MachineAction,
  type MachineActionScope,
  type OrderContent,
  type OrderKind,
  ScanRequest,
  StopAndQuarantineRequest,
} from '@merlon/contract';
import { type Static, type TObject, Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { checkInput } from '../../http/validation.ts';
import { actionKinds } from './action-kinds.ts';
import type { IsolationAllowances } from './isolation-allowances.ts';
import { machineActionBody } from './machine-action-entity.ts';
import type { Ordering } from './ordering.ts';

const SHA1 = /^[0-9a-f]{40}$/i;
const MAX_PACKAGE_BYTES = 512 * 1024 * 1024;
const idParams = Type.Object({ id: Type.String() });

/** What a call orders. */
export interface Asked {
  readonly content: OrderContent;
  readonly scope?: MachineActionScope;
}

/** One kind of order: how it is asked for, and what that means. */
export interface OrderSpec {
  readonly id: string;
  /** Last part of the address. */
  readonly path: string;
  readonly kind: OrderKind;
  readonly summary: string;
  readonly body: TObject;
  /** @throws ApiError when the body is none of this kind. */
  read(body: unknown): { readonly Comment: string };
  /** @throws ApiError when the body contradicts itself. */
  asked(body: { readonly Comment: string }, tenantId: string): Asked | Promise<Asked>;
}

export function orderSpecs(allowances: Pick<IsolationAllowances, 'list'>): OrderSpec[] {
  return [
    orderSpec({
      id: 'machines.isolate',
      path: 'isolate',
      kind: 'Isolate',
      summary: 'Cut a device off from the network; it keeps its line to Merlon.',
      body: IsolateRequest,
      async asked({ IsolationType: isolationType = 'Full' }, tenantId) {
        if (isolationType === 'UnManagedDevice') {
          throw new ApiError(
            'InvalidInput',
            'IsolationType UnManagedDevice is for devices that are not onboarded; every device known here is.',
          );
        }
        const allow = isolationType === 'Selective' ? await allowances.list(tenantId) : [];
        return {
          content: {
            kind: 'Isolate',
            params: { isolationType, ...(allow.length > 0 ? { allow } : {}) },
          },
          scope: isolationType,
        };
      },
    }),
    orderSpec({
      id: 'machines.unisolate',
      path: 'unisolate',
      kind: 'Unisolate',
      summary: 'Release a device from isolation.',
      body: CommentRequest,
      asked: () => ({ content: { kind: 'Unisolate', params: {} } }),
    }),
    orderSpec({
      id: 'machines.restrictCodeExecution',
      path: 'restrictCodeExecution',
      kind: 'RestrictCodeExecution',
      summary: 'Let only programs of the system itself start on a device.',
      body: CommentRequest,
      asked: () => ({ content: { kind: 'RestrictCodeExecution', params: {} } }),
    }),
    orderSpec({
      id: 'machines.unrestrictCodeExecution',
      path: 'unrestrictCodeExecution',
      kind: 'UnrestrictCodeExecution',
      summary: 'Let every program start again on a device.',
      body: CommentRequest,
      asked: () => ({ content: { kind: 'UnrestrictCodeExecution', params: {} } }),
    }),
    orderSpec({
      id: 'machines.runAntiVirusScan',
      path: 'runAntiVirusScan',
      kind: 'RunAntiVirusScan',
      summary: 'Scan a device for malware.',
      body: ScanRequest,
      asked({ ScanType: scanType, Paths: paths }) {
        if ((scanType === 'Custom') !== (paths !== undefined)) {
          throw new ApiError('InvalidInput', 'Paths go with ScanType Custom, and Custom needs Paths.');
        }
        const relative = paths?.find((path) => !isAbsolute(path));
        if (relative !== undefined) {
          throw new ApiError(
            'InvalidInput',
            `Paths must be absolute: ${JSON.stringify(relative.slice(0, 200))} is not.`,
          );
        }
        return {
          content: { kind: 'RunAntiVirusScan', params: { scanType, ...(paths ? { paths } : {}) } },
          scope: scanType,
        };
      },
    }),
    orderSpec({
      id: 'machines.stopAndQuarantineFile',
      path: 'StopAndQuarantineFile',
      kind: 'StopAndQuarantineFile',
      summary: 'End every process of a file on a device and put the file away.',
      body: StopAndQuarantineRequest,
      asked: (body) => ({ content: { kind: 'StopAndQuarantineFile', params: fileParams(body) } }),
    }),
    orderSpec({
      id: 'machines.restoreQuarantinedFile',
      path: 'restoreQuarantinedFile',
      kind: 'RestoreQuarantinedFile',
      summary: 'Put a quarantined file back where it was on a device.',
      body: StopAndQuarantineRequest,
      asked: (body) => ({ content: { kind: 'RestoreQuarantinedFile', params: fileParams(body) } }),
    }),
    orderSpec({
      id: 'machines.collectInvestigationPackage',
      path: 'collectInvestigationPackage',
      kind: 'CollectInvestigationPackage',
      summary: 'Collect what an investigation of a device needs, as a zip.',
      body: CommentRequest,
      asked: () => ({
        content: { kind: 'CollectInvestigationPackage', params: { maxBytes: MAX_PACKAGE_BYTES } },
      }),
    }),
    orderSpec({
      id: 'machines.offboard',
      path: 'offboard',
      kind: 'Offboard',
      summary: 'Offboard a device: it stops reporting and takes no more orders.',
      body: CommentRequest,
      asked: () => ({ content: { kind: 'Offboard', params: {} } }),
    }),
  ];
}

function orderSpec<B extends TObject>(
  spec: Omit<OrderSpec, 'read' | 'asked' | 'body'> & {
    readonly body: B;
    asked(body: Static<B> & { readonly Comment: string }, tenantId: string): Asked | Promise<Asked>;
  },
): OrderSpec {
  return {
    ...spec,
    read: (body) => checkInput('body', spec.body, body) as { readonly Comment: string },
    asked: (body, tenantId) => spec.asked(body as Static<B> & { readonly Comment: string }, tenantId),
  };
}

export function orderRoutes(ordering: Ordering, specs: readonly OrderSpec[]): Route[] {
  return specs.map((spec) => {
    const { permission, role, audit, orderedStatus } = actionKinds[spec.kind];
    return defineRoute({
      id: spec.id,
      method: 'POST',
      path: `/api/machines/:id/${spec.path}`,
      summary: spec.summary,
      access: {
        kind: 'api',
        application: [permission],
        delegated: [permission],
        role,
        deviceScope: 'require',
      },
      audit,
      params: idParams,
      body: spec.body,
      responses: { [orderedStatus]: entityAnswer(MachineAction) },
      async handle({ caller, params, origin, audit: record, body }) {
        record.target('machine', params.id);
        const order = body as { readonly Comment: string };
        const action = await ordering.order({
          ...(await spec.asked(order, caller.tenantId)),
          caller,
          audit: record,
          machine: params.id,
          comment: order.Comment,
        });
        return {
          status: orderedStatus,
          body: machineActionBody(origin, action),
        };
      },
    });
  });
}

function fileParams({ Sha1 }: { readonly Sha1: string }) {
  if (!SHA1.test(Sha1)) {
    throw new ApiError('InvalidHashValue', 'Sha1 is not 40 hex digits.');
  }
  return { file: { algorithm: 'Sha1' as const, value: Sha1.toLowerCase() } };
}

/** Of either kind of system: the server does not know the device's rules better than the device. */
function isAbsolute(path: string): boolean {
  return path.startsWith('/') || /^[a-z]:[\\/]/i.test(path);
}
