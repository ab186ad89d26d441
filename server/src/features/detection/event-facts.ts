/** What one event says by itself, for the detections feed. Pure. */
import { isStorable } from '@merlon/contract';
import { type DetectionFacts, factsOfEvidence, known } from '../alerts/index.ts';
import type { EventEvidence } from './evidence.ts';
import { type Row, textOf } from './row-processes.ts';

/** Longer names of threats are cut. */
const MAX_TEXT = 500;

export function factsOf(row: Row, { evidence, relatedUser }: EventEvidence): DetectionFacts {
  const antivirus = row.ActionType === 'AntivirusDetection' ? antivirusOf(row) : undefined;
  return {
    ...factsOfEvidence(evidence, relatedUser),
    ...known<DetectionFacts>({
      md5:
        textOf(row, 'MD5') ?? (textOf(row, 'FileName') === null ? textOf(row, 'InitiatingProcessMD5') : null),
    }),
    ...(antivirus === undefined ? {} : { antivirus }),
  };
}

/** What stands in AdditionalFields is the device's own text: what is not as it should be is left out. */
function antivirusOf(row: Row): NonNullable<DetectionFacts['antivirus']> {
  const told = fieldsOf(textOf(row, 'AdditionalFields'));
  // Its escapes may stand for what no store takes; the alert must not be lost for it.
  const textIn = (name: string) => {
    const text = typeof told[name] === 'string' ? told[name].slice(0, MAX_TEXT) : undefined;
    return isStorable(text) ? text : undefined;
  };
  const flagIn = (name: string) => (typeof told[name] === 'boolean' ? told[name] : undefined);
  return known({
    threatName: textIn('ThreatName'),
    action: textIn('Action'),
    remediated: flagIn('WasRemediated'),
    executing: flagIn('WasExecutingWhileDetected'),
  });
}

function fieldsOf(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
