import type { RegisterCommands } from '../../feature.ts';
import type { AuditRecord } from './store.ts';

/** `merlon audit list` */
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
};

function line(record: AuditRecord): string {
  const target = record.targetKind === null ? '' : ` ${record.targetKind} ${record.targetId}`;
  return `${record.time.slice(0, 19)}Z  ${record.outcome.padEnd(7)}  ${record.actorName}  ${record.action}${target}`;
}
