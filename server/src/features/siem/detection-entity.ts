/** A kept detection as the feed shows it. Pure. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import {
  formatTicks,
  isGuid,
  nowIso7,
  parseTicks,
  type SiemDetection,
  ticksFromDate,
} from '@merlon/contract';
import type { Detection } from '../alerts/index.ts';

/** What lists are written with. */
const SEPARATOR = ';';

/** @param portal `https://host`, where links lead */
export function detectionEntity(found: Detection, portal: string): SiemDetection {
  const { facts, alertId } = found;
  const { antivirus } = facts;
  const iocUniqueId = createHash('sha256').update(`${alertId}\n${found.part}`).digest('base64');
  const fullId = `${alertId}:${iocUniqueId}`;
  const alertLink = `${portal}/alerts/${encodeURIComponent(alertId)}`;
  const incidentLink = `${portal}/incidents/byalert?alertId=${encodeURIComponent(alertId)}&source=SIEM`;
  const { family, category } = threatOf(antivirus?.threatName ?? '');
  const dot = found.deviceName.indexOf('.');
  const addresses = (version: number) =>
    found.addresses
      .map(({ ipAddress }) => ipAddress)
      .filter((address) => isIP(address) === version)
      .join(SEPARATOR);
  return {
    AlertTime: formatTicks(parseTicks(found.eventTime) ?? ticksFromDate(found.processedAt)),
    ComputerDnsName: found.deviceName,
    AlertTitle: found.title,
    Category: found.category,
    Severity: found.severity,
    AlertId: alertId,
    // No group of attackers is known to any rule.
    Actor: '',
    LinkToWDATP: alertLink,
    IocName: facts.iocName ?? '',
    IocValue: facts.iocValue ?? '',
    CreatorIocName: '',
    CreatorIocValue: '',
    Sha1: facts.sha1 ?? '',
    FileName: facts.fileName ?? '',
    FilePath: facts.filePath ?? '',
    IpAddress: facts.ipAddress ?? '',
    Url: facts.url ?? '',
    IoaDefinitionId: isGuid(found.detectorId) ? found.detectorId : '',
    UserName: facts.userName ?? '',
    AlertPart: found.part,
    FullId: fullId,
    LastProcessedTimeUtc: nowIso7(found.processedAt),
    ThreatCategory: category,
    ThreatFamily: family,
    ThreatName: antivirus?.threatName ?? '',
    RemediationAction: antivirus?.action ?? '',
    RemediationIsSuccess: antivirus?.remediated ?? null,
    Source: antivirus === undefined ? 'EDR' : 'Antivirus',
    Md5: facts.md5 ?? '',
    Sha256: facts.sha256 ?? '',
    WasExecutingWhileDetected: antivirus?.executing ?? null,
    UserDomain: facts.userDomain ?? '',
    LogOnUsers: found.signedIn
      .map(({ UserName, DomainName }) => (DomainName ? `${DomainName}\\${UserName}` : UserName))
      .join(SEPARATOR),
    MachineDomain: dot < 0 ? '' : found.deviceName.slice(dot + 1),
    MachineName: dot < 0 ? found.deviceName : found.deviceName.slice(0, dot),
    InternalIPv4List: addresses(4),
    InternalIPv6List: addresses(6),
    FileHash: facts.sha1 ?? facts.sha256 ?? facts.md5 ?? '',
    DeviceID: found.deviceId,
    MachineGroup: found.deviceGroup ?? '',
    Description: found.description,
    DeviceCreatedMachineTags: found.deviceTag ?? '',
    CloudCreatedMachineTags: found.manualTags.join(SEPARATOR),
    CommandLine: facts.commandLine ?? '',
    IncidentLinkToWDATP: incidentLink,
    ReportID: Number(found.reportId ?? 0),
    LinkToMTP: alertLink,
    IncidentLinkToMTP: incidentLink,
    ExternalId: createHash('sha1').update(fullId).digest('hex').toUpperCase(),
    IocUniqueId: iocUniqueId,
  };
}

/** `Trojan:Win32/Emotet.A`: its category and family. Names of other shapes have none. */
function threatOf(name: string): { category: string; family: string } {
  const found = /^([A-Za-z]+):[\w.]+\/([\w-]+)/.exec(name);
  return { category: found?.[1] ?? '', family: found?.[2] ?? '' };
}
