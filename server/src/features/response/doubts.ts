/** Alerts about devices whose own words contradict each other: somebody else may speak with their key, or have changed what was ordered. */
import { nowIso7 } from '@merlon/contract';
import type { Clock } from '../../telemetry/clock.ts';
import type { Alerts } from '../alerts/index.ts';
import type { ConversationDeps } from './conversation.ts';

export function raiseDoubts(alerts: Pick<Alerts, 'raise'>, clock: Clock): ConversationDeps['doubt'] {
  return async ({ tenantId, deviceId, name }, { key, description }) => {
    const at = nowIso7(clock.now());
    await alerts.raise({
      tenantId,
      deviceId,
      deviceName: name,
      dedupKey: `device truth: ${key}`,
      ruleId: '',
      detectionSource: 'MerlonResponse',
      title: 'Device contradicts its own receipts',
      description: `${description} The agent may have been tampered with, or its key be in other hands.`,
      severity: 'High',
      category: 'DefenseEvasion',
      techniques: ['T1562.001'],
      recommendedAction:
        'Look at the device from outside of its agent. Offboard it, and onboard it again under a new key, if its agent was changed.',
      firstEventTime: at,
      lastEventTime: at,
      events: [],
      evidence: [],
      relatedUser: null,
    });
  };
}
