import type { HuntingCategory } from '../hunting.ts';
import { words } from './define-table.ts';

/**
 * Tables of the unified hunting schema that hold identity, mail and cloud data and that Merlon does not keep. Known by name, so that a
 * query over one is refused as "not available here" instead of "no such table".
 */
export const tablesNotKept: Readonly<Partial<Record<HuntingCategory, readonly string[]>>> = {
  identity: words(`
    AADSignInEventsBeta AADSpnSignInEventsBeta EntraIdSignInEvents EntraIdSpnSignInEvents IdentityAccountInfo
    IdentityDirectoryEvents IdentityEvents IdentityQueryEvents GraphApiAuditEvents
  `),
  email: words(`
    EmailAttachmentInfo EmailPostDeliveryEvents EmailUrlInfo UrlClickEvents CampaignInfo MessageEvents
    MessagePostDeliveryEvents MessageUrlInfo
  `),
  cloud: words(`
    FileMaliciousContentInfo CloudAuditEvents CloudDnsEvents CloudProcessEvents CloudStorageAggregatedEvents
    CloudPolicyEnforcementEvents DataSecurityBehaviors DataSecurityEvents OAuthAppInfo AIAgentsInfo AgentsInfo
  `),
};
