/** ATT&CK in a rule's tags: `attack.execution`, `attack.t1059.004`. */

export const attackTactics = [
  'reconnaissance',
  'resource-development',
  'initial-access',
  'execution',
  'persistence',
  'privilege-escalation',
  'defense-evasion',
  'credential-access',
  'discovery',
  'lateral-movement',
  'collection',
  'command-and-control',
  'exfiltration',
  'impact',
] as const;
export type AttackTactic = (typeof attackTactics)[number];

/** In the order of the tags, without repetition: `T1059.004`. */
export function techniquesOf(tags: readonly string[]): string[] {
  const found = tags.flatMap(
    (tag) => /^attack\.(t[0-9]{4}(?:\.[0-9]{3})?)$/i.exec(tag)?.[1]?.toUpperCase() ?? [],
  );
  return [...new Set(found)];
}

/** In the order of the tags. Older rules write underscores. */
export function tacticsOf(tags: readonly string[]): AttackTactic[] {
  const found = tags.flatMap((tag) => {
    const name = tag.toLowerCase().replaceAll('_', '-');
    return attackTactics.find((tactic) => name === `attack.${tactic}`) ?? [];
  });
  return [...new Set(found)];
}
