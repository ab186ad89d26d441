/** From an event in which an indicator was found to an alert candidate. Pure. */
import { createHash } from 'node:crypto';
import type { AlertCandidate } from '../alerts/index.ts';
import type { WatchedIndicator } from '../indicators/index.ts';
import { factsOf } from './event-facts.ts';
import { evidenceOf } from './evidence.ts';
import { type EventOrigin, NO_CATEGORY } from './findings.ts';
import type { Lineage } from './lineage.ts';
import { numberOf, type Row, textOf } from './row-processes.ts';

/** As the service calls what customers' own indicators find. */
const DETECTION_SOURCE = 'CustomerTI';

export function candidateOfIndicator(
  indicator: WatchedIndicator,
  table: string,
  row: Row,
  origin: EventOrigin,
  lineage: Lineage,
): AlertCandidate {
  const timestamp = textOf(row, 'Timestamp') ?? '';
  const { tenantId, deviceId, deviceName } = origin;
  const found = evidenceOf(table, row, deviceId, lineage);
  const facts = { ...factsOf(row, found), iocName: indicator.type, iocValue: indicator.value };
  return {
    tenantId,
    deviceId,
    deviceName,
    // One indicator on one device is one matter, whichever program met it.
    dedupKey: createHash('sha256')
      .update(JSON.stringify(['indicator', indicator.id, deviceId]))
      .digest('hex')
      .slice(0, 40),
    ruleId: `indicator-${indicator.id}`,
    detectionSource: DETECTION_SOURCE,
    title: indicator.title,
    description: indicator.description,
    severity: indicator.severity,
    category: NO_CATEGORY,
    techniques: [],
    recommendedAction: indicator.recommendedActions,
    firstEventTime: timestamp,
    lastEventTime: timestamp,
    events: [{ table, reportId: numberOf(row, 'ReportId') ?? 0, timestamp, facts }],
    ...found,
  };
}
