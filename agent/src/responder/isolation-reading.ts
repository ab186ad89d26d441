/** Reads back from the kernel what isolation is in force. Pure: the listing comes from `nft -j list table`. */
import { createHash } from 'node:crypto';
import { HOOK_PRIORITY, HOOKS, type Hook, type IsolationPlan, isolationRules } from './isolation-plan.ts';

/** What the kernel shows of the table. */
export interface IsolationReading {
  /** SHA-256 hex of the listing without handles and versions: equal for equal rules. */
  readonly ruleSetSha256: string;
  readonly chains: readonly { hook: string; priority: number; policy: string; rules: number }[];
  /** The chains and rules as nft's JSON. */
  readonly rules: readonly unknown[];
}

type JsonObject = Record<string, unknown>;

/** Null for no table. @throws Error when the listing is not of the known form. */
export function readIsolation(listing: unknown): IsolationReading | null {
  if (listing === null) return null;
  const items = isObject(listing) ? listing.nftables : null;
  if (!Array.isArray(items)) throw new Error('the listing of nft has an unknown form');
  const rules = items
    .filter((item): item is JsonObject => isObject(item) && !('metainfo' in item))
    .map((item) => withoutHandles(item));
  const chains = rules.flatMap((item) => {
    const chain = isObject(item) ? item.chain : null;
    if (!isObject(chain)) return [];
    const name = String(chain.name);
    return [
      {
        hook: String(chain.hook),
        priority: Number(chain.prio),
        policy: String(chain.policy),
        rules: rules.filter((r) => isObject(r) && isObject(r.rule) && r.rule.chain === name).length,
      },
    ];
  });
  return {
    ruleSetSha256: createHash('sha256').update(JSON.stringify(rules)).digest('hex'),
    chains,
    rules,
  };
}

/** How the reading differs from what the plan asks for; empty when it is in force. */
export function isolationProblems(plan: IsolationPlan, reading: IsolationReading | null): string[] {
  if (!reading) return ['there is no isolation table'];
  const wanted = isolationRules(plan);
  const problems = HOOKS.flatMap((hook) => chainProblems(hook, wanted[hook].length, reading));
  const text = JSON.stringify(reading.rules);
  for (const address of plan.server.addresses) {
    if (!text.includes(JSON.stringify(address)))
      problems.push(`no rule names the server's address ${address}`);
  }
  return problems;
}

function chainProblems(hook: Hook, rules: number, reading: IsolationReading): string[] {
  const chain = reading.chains.find((c) => c.hook === hook);
  if (!chain) return [`nothing hooks ${hook}`];
  const problems: string[] = [];
  if (chain.policy !== 'drop') problems.push(`the policy of ${hook} is ${chain.policy}, not drop`);
  if (chain.priority !== HOOK_PRIORITY)
    problems.push(`${hook} has priority ${chain.priority}, not ${HOOK_PRIORITY}`);
  if (chain.rules !== rules) problems.push(`${hook} has ${chain.rules} rules, not ${rules}`);
  return problems;
}

/** Handles number the kernel's objects and differ at every application. */
function withoutHandles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutHandles);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'handle')
      .map(([key, inner]) => [key, withoutHandles(inner)]),
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
