/** Which entities are threats, by rules that say why. Data first: the first rule that holds decides. Pure. */
import type { AlertSeverity, IndicatorAction } from '@merlon/contract';

export const verdicts = ['Malicious', 'Suspicious', 'NoThreatsFound', 'Unknown'] as const;
export type Verdict = (typeof verdicts)[number];

/** What is known of an entity. */
export interface Facts {
  readonly kind: 'File' | 'Process' | 'Ip' | 'Url' | 'User';
  /** The indicator that rules over it; null for none. */
  readonly indicator: { readonly action: IndicatorAction; readonly title: string } | null;
  /** Name of the threat an antivirus found in it; null where none did. */
  readonly threat: string | null;
  /** The device itself has put it away. */
  readonly putAway: boolean;
  /** Devices of the organisation that saw it; null where no event tells. */
  readonly devices: number | null;
  readonly trustedSigner: string | null;
  readonly inTempFolder: boolean;
  /** The gravest of the alerts looked at. */
  readonly severity: AlertSeverity;
}

/**
 * What may come of a threat. `byLevel`: the remediation level of the device's group says whether one asks. `asks`: a person is asked whatever the level. `held`: it
 * is kept from doing harm already.
 */
export type Remedy = 'byLevel' | 'asks' | 'held';

export interface Judgement {
  readonly verdict: Verdict;
  readonly rule: string;
  readonly reason: string;
  readonly remedy: Remedy;
}

interface Rule {
  readonly name: string;
  readonly verdict: Verdict;
  /** Default: by level. */
  remedy?(facts: Facts): Remedy;
  holds(facts: Facts): boolean;
  why(facts: Facts): string;
}

const BLOCKING: readonly IndicatorAction[] = ['Block', 'AlertAndBlock'];
const WARNING: readonly IndicatorAction[] = ['Warn', 'Alert'];
const RARE = 2;
const COMMON = 10;
const isFile = ({ kind }: Facts) => kind === 'File' || kind === 'Process';
const indicated = (actions: readonly IndicatorAction[]) => (facts: Facts) =>
  facts.indicator !== null && actions.includes(facts.indicator.action);
const byIndicator = (word: string) => (facts: Facts) =>
  `The indicator "${facts.indicator?.title}" ${word} (${facts.indicator?.action}).`;

export const VERDICT_RULES: readonly Rule[] = [
  {
    name: 'indicator-allows',
    verdict: 'NoThreatsFound',
    holds: indicated(['Allowed']),
    why: byIndicator('allows it'),
  },
  {
    name: 'indicator-remediates',
    verdict: 'Malicious',
    holds: indicated(['BlockAndRemediate']),
    remedy: (facts) => (isFile(facts) ? 'byLevel' : 'held'),
    why: byIndicator('wants it put away'),
  },
  {
    name: 'antivirus-detection',
    verdict: 'Malicious',
    holds: (facts) => isFile(facts) && facts.threat !== null,
    why: ({ threat }) => `An antivirus detected it as ${threat}.`,
  },
  {
    name: 'indicator-blocks',
    verdict: 'Malicious',
    holds: indicated(BLOCKING),
    // Whoever made it had the choice of having the file put away, and did not take it.
    remedy: (facts) => (isFile(facts) ? 'asks' : 'held'),
    why: byIndicator('blocks it'),
  },
  {
    name: 'indicator-warns',
    verdict: 'Suspicious',
    holds: indicated(WARNING),
    why: byIndicator('warns of it'),
  },
  {
    name: 'trusted-signature',
    verdict: 'NoThreatsFound',
    holds: (facts) => isFile(facts) && facts.trustedSigner !== null,
    why: ({ trustedSigner }) => `It is signed by ${trustedSigner}, which the device trusts.`,
  },
  {
    name: 'rare-in-temp-folder',
    verdict: 'Suspicious',
    holds: (facts) =>
      isFile(facts) && facts.inTempFolder && (facts.devices ?? 1) <= RARE && facts.severity === 'High',
    why: ({ devices }) =>
      `An alert of high severity is about it, it lies in a folder for temporary files, and of the organisation's devices only ${devices ?? 1} saw it.`,
  },
  {
    name: 'common-in-organisation',
    verdict: 'NoThreatsFound',
    holds: (facts) => isFile(facts) && facts.devices !== null && facts.devices >= COMMON,
    why: ({ devices }) => `${devices} devices of the organisation saw it, and nothing speaks against it.`,
  },
  {
    name: 'nothing-known',
    verdict: 'Unknown',
    holds: () => true,
    why: () => 'Nothing speaks for or against it.',
  },
];

export function judge(facts: Facts): Judgement {
  for (const { name, verdict, holds, why, remedy = () => 'byLevel' as const } of VERDICT_RULES)
    if (holds(facts))
      return { verdict, rule: name, reason: why(facts), remedy: facts.putAway ? 'held' : remedy(facts) };
  throw new Error('the last rule holds for everything');
}
