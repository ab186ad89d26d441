import { sql } from 'kysely';
import { type Static, Type } from 'typebox';
import type { AdminHandler } from '../../feature.ts';
import { checkInput } from '../../http/validation.ts';
import type { AuditRecord, AuditTrail } from './store.ts';
import type { AuditChain, AuditVerdict } from './verify.ts';

const ListInput = Type.Object(
  {
    tenant: Type.Optional(Type.String()),
    action: Type.Optional(Type.String()),
    target: Type.Optional(Type.String()),
    top: Type.Integer({ minimum: 1, maximum: 10_000 }),
    skip: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
);

const tenant = Type.Optional(Type.String());
const VerifyInput = Type.Object({ tenant }, { additionalProperties: false });
const ExportInput = Type.Object(
  { tenant, after: Type.Integer({ minimum: 0 }) },
  { additionalProperties: false },
);

export function auditAdmin(
  trail: Pick<AuditTrail, 'page'>,
  chain: AuditChain,
  tenantOf: (nameOrId: string | undefined) => Promise<string>,
): Record<string, AdminHandler> {
  return {
    'audit.list': async (input): Promise<AuditRecord[]> => {
      const { tenant, action, target, top, skip } = checkInput('body', ListInput, input) as {
        tenant?: string;
        action?: string;
        target?: string;
        top: number;
        skip: number;
      };
      const conditions = [
        ...(action === undefined ? [] : [sql<boolean>`action = ${action}`]),
        ...(target === undefined ? [] : [sql<boolean>`target_id = ${target}`]),
      ];
      const where = conditions.length === 0 ? null : sql<boolean>`${sql.join(conditions, sql` and `)}`;
      const page = { where, orderBy: [], limit: top, offset: skip, count: false };
      return (await trail.page(await tenantOf(tenant), page)).rows;
    },
    'audit.verify': async (input): Promise<AuditVerdict> => {
      const { tenant } = checkInput('body', VerifyInput, input) as Static<typeof VerifyInput>;
      return chain.verify(await tenantOf(tenant));
    },
    'audit.export': async function* (input) {
      const { tenant, after } = checkInput('body', ExportInput, input) as Static<typeof ExportInput>;
      yield* chain.records(await tenantOf(tenant), after);
    },
  };
}
