/** `merlon rule` */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { RegisterCommands } from '../../feature.ts';
import type { DetectionRule } from './rule-book.ts';
import { testRuleFiles } from './rule-files.ts';

const TENANT_OPTION = ['--tenant <tenant>', 'tenant by id, domain or name; default: the first one'] as const;

export const detectionCommands: RegisterCommands = (program, context) => {
  const rule = program.command('rule').description('detection rules, in the Sigma format');

  const test = rule
    .command('test')
    .description('check rule files and run the test events beside them; needs no server')
    .argument('<path...>', 'rule files, or folders of them')
    .action((paths: string[]) => {
      const missing = paths.find((path) => !existsSync(path));
      if (missing !== undefined) test.error(`merlon: there is no ${missing}`);
      const reports = paths.flatMap(testRuleFiles);
      const failed = reports.filter((report) => report.problems.length > 0);
      if (failed.length > 0 || reports.length === 0) process.exitCode = 1;
      context.print(test, { ok: failed.length === 0 && reports.length > 0, files: reports }, () =>
        [
          ...failed.flatMap((report) => report.problems.map((problem) => `  ${problem}`)),
          `${reports.length} files, ${sum(reports.map((r) => r.rules))} rules, ${sum(reports.map((r) => r.events))} events: ${
            reports.length === 0
              ? 'nothing to test'
              : failed.length === 0
                ? 'all as expected'
                : `${failed.length} files with problems`
          }`,
        ].join('\n'),
      );
    });

  const add = rule
    .command('import')
    .description('add the rules of a file, or replace those of the same id')
    .argument('<file>', 'a Sigma file; several rules are parted by ---')
    .option(...TENANT_OPTION)
    .action(async (file: string, { tenant }: { tenant?: string }) => {
      if (!existsSync(file)) add.error(`merlon: there is no ${file}`);
      const input = { text: readFileSync(file, 'utf8'), file: basename(file), ...given(tenant) };
      const rules = await context.call<DetectionRule[]>('rule.import', input);
      context.print(add, rules, () => rules.map((one) => `imported ${line(one)}`).join('\n'));
    });

  const list = rule
    .command('list')
    .description('all rules of a tenant, builtin and its own')
    .option(...TENANT_OPTION)
    .action(async ({ tenant }: { tenant?: string }) => {
      const rules = await context.call<DetectionRule[]>('rule.list', given(tenant));
      context.print(list, rules, () => rules.map(line).join('\n'));
    });

  const show = rule
    .command('show')
    .description('the YAML of a rule')
    .argument('<id>', 'id of the rule')
    .option(...TENANT_OPTION)
    .action(async (id: string, { tenant }: { tenant?: string }) => {
      const found = await context.call<{ rule: DetectionRule; source: string }>('rule.show', {
        id,
        ...given(tenant),
      });
      context.print(show, found, () => found.source.trimEnd());
    });

  changeCommand('enable', 'rule.enable', 'let a rule run', 'enabled');
  changeCommand('disable', 'rule.disable', 'keep a rule from running', 'disabled');
  changeCommand('remove', 'rule.remove', "take away a rule of the tenant's own", 'removed');

  function changeCommand(name: string, call: string, description: string, done: string): void {
    const command = rule
      .command(name)
      .description(description)
      .argument('<id>', 'id of the rule')
      .option(...TENANT_OPTION)
      .action(async (id: string, { tenant }: { tenant?: string }) => {
        const answer = await context.call<object>(call, { id, ...given(tenant) });
        context.print(command, answer, () => `Rule ${id} ${done}.`);
      });
  }
};

function line(rule: DetectionRule): string {
  const state = rule.enabled ? '' : '  (disabled)';
  return `${rule.id}  ${rule.level.padEnd(13)}  ${(rule.product ?? 'any').padEnd(7)}  ${rule.title}${rule.origin === 'own' ? '  (own)' : ''}${state}`;
}

function given(tenant: string | undefined): { tenant?: string } {
  return tenant === undefined ? {} : { tenant };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
