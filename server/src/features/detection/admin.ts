/** What the local administrator may do to rules over the admin socket. */
import { ApiError } from '@merlon/contract';
import { type Static, type TSchema, Type } from 'typebox';
import type { AdminHandler } from '../../feature.ts';
import { checkInput } from '../../http/validation.ts';
import { type Audit, LOCAL_ADMINISTRATOR } from '../audit/index.ts';
import type { RuleBook, RuleChange } from './rule-book.ts';

const tenant = Type.Optional(Type.String());
const exactly = { additionalProperties: false } as const;
const TenantOnly = Type.Object({ tenant }, exactly);
const ImportInput = Type.Object(
  { tenant, text: Type.String(), file: Type.Optional(Type.String({ maxLength: 512 })) },
  exactly,
);
const RuleInput = Type.Object({ tenant, id: Type.String() }, exactly);

export function detectionAdmin(deps: {
  rules: RuleBook;
  audit: Audit;
  tenantOf: (nameOrId: string | undefined) => Promise<string>;
}): Record<string, AdminHandler> {
  const change = (tenantId: string, action: string, details: Record<string, unknown> = {}): RuleChange => ({
    by: LOCAL_ADMINISTRATOR.name,
    async record(db, ids) {
      for (const id of ids) {
        const target = { kind: 'detection rule', id };
        const entry = {
          tenantId,
          actor: LOCAL_ADMINISTRATOR,
          action,
          target,
          outcome: 'success' as const,
          details,
        };
        await deps.audit.record(entry, db);
      }
    },
  });

  const switched = (enabled: boolean) =>
    handler(RuleInput, async (input) => {
      const tenantId = await deps.tenantOf(input.tenant);
      const action = enabled ? 'rule.enable' : 'rule.disable';
      await deps.rules.setEnabled(tenantId, input.id, enabled, change(tenantId, action));
      return { id: input.id, enabled };
    });

  return {
    'rule.list': handler(TenantOnly, async (input) => deps.rules.list(await deps.tenantOf(input.tenant))),
    'rule.show': handler(RuleInput, async (input) => {
      const found = await deps.rules.find(await deps.tenantOf(input.tenant), input.id);
      if (!found) throw new ApiError('ResourceNotFound', `There is no detection rule ${input.id}.`);
      return found;
    }),
    'rule.import': handler(ImportInput, async (input) => {
      const tenantId = await deps.tenantOf(input.tenant);
      const file = input.file ?? null;
      return deps.rules.importRules(tenantId, input.text, file, change(tenantId, 'rule.import', { file }));
    }),
    'rule.enable': switched(true),
    'rule.disable': switched(false),
    'rule.remove': handler(RuleInput, async (input) => {
      const tenantId = await deps.tenantOf(input.tenant);
      await deps.rules.remove(tenantId, input.id, change(tenantId, 'rule.remove'));
      return { id: input.id, removed: true };
    }),
  };
}

function handler<S extends TSchema>(schema: S, work: (input: Static<S>) => Promise<unknown>): AdminHandler {
  return (input) => work(checkInput('body', schema, input) as Static<S>);
}
