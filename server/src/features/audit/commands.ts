import { once } from 'node:events';
import type { RegisterCommands } from '../../feature.ts';
import type { AuditRecord } from './store.ts';
import type { AuditVerdict } from './verify.ts';

/** `merlon audit` */
export const auditCommands: RegisterCommands = (program, context) => {
  const audit = program.command('audit').description('the audit trail');
  const list = audit
    .command('list')
    .description('newest records first')
    .option('--tenant <tenant>', 'tenant by id, domain or name; default: the first one')
    .option('--action <action>', 'only this event, such as machine.isolate')
    .option('--target <id>', 'only what was done to this')
    .option('--top <count>', 'at most so many', '50')
    .option('--skip <count>', 'leave out so many of the newest', '0')
    .action(
      async (options: { tenant?: string; action?: string; target?: string; top: string; skip: string }) => {
        const { top, skip, json: _json, ...filter } = options as typeof options & { json?: boolean };
        const records = await context.call<AuditRecord[]>('audit.list', {
          ...filter,
          top: Number(top),
          skip: Number(skip),
        });
        context.print(list, records, () =>
          records.length === 0 ? 'No records.' : records.map(line).join('\n'),
        );
      },
    );

  const verify = audit
    .command('verify')
    .description('follow the whole chain of records; exits with 1 when it does not add up')
    .option('--tenant <tenant>', 'tenant by id, domain or name; default: the first one')
    .action(async ({ tenant }: { tenant?: string }) => {
      const verdict = await context.call<AuditVerdict>(
        'audit.verify',
        tenant === undefined ? {} : { tenant },
      );
      if (!verdict.ok) process.exitCode = 1;
      context.print(verify, verdict, () => verdictText(verdict));
    });

  audit
    .command('export')
    .description('the records in the order of their chain, a JSON line each')
    .option('--tenant <tenant>', 'tenant by id, domain or name; default: the first one')
    .option('--after <position>', 'continue after this position', '0')
    .action(async ({ tenant, after }: { tenant?: string; after: string }) => {
      const input = { after: Number(after), ...(tenant === undefined ? {} : { tenant }) };
      for await (const record of context.stream<object>('audit.export', input))
        if (!process.stdout.write(`${JSON.stringify(record)}\n`)) await once(process.stdout, 'drain');
    });
};

function verdictText({ sealed, unsealed, head, broken }: AuditVerdict): string {
  const waiting = unsealed === 0 ? '' : `, ${unsealed} not sealed yet`;
  if (broken === null)
    return `The trail is whole: ${sealed} records${waiting}. Head ${head.position} ${head.hash}`;
  const record = 'recordId' in broken ? `, record ${broken.recordId}` : '';
  return `The trail is BROKEN at position ${broken.position}${record}: ${broken.kind}. ${sealed} records before it add up.`;
}

function line(record: AuditRecord): string {
  const target = record.targetKind === null ? '' : ` ${record.targetKind} ${record.targetId}`;
  return `${record.time.slice(0, 19)}Z  ${record.outcome.padEnd(7)}  ${record.actorName}  ${record.action}${target}`;
}
