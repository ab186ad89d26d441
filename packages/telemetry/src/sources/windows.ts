/** Which mapping an event of a Windows log belongs to. */
import type { SourceMapping } from '../mapping.ts';
import { sysmon } from './sysmon.ts';
import {
  appLocker,
  defender,
  dnsClient,
  powershell,
  taskScheduler,
  windowsSystem,
  wmiActivity,
} from './windows-logs.ts';
import { windowsSecurity } from './windows-security.ts';

/** By channel, in lower case. */
const CHANNELS: Readonly<Record<string, SourceMapping>> = {
  'microsoft-windows-sysmon/operational': sysmon,
  'linux-sysmon/operational': sysmon,
  security: windowsSecurity,
  system: windowsSystem,
  'microsoft-windows-powershell/operational': powershell,
  'powershellcore/operational': powershell,
  'microsoft-windows-windows defender/operational': defender,
  'microsoft-windows-taskscheduler/operational': taskScheduler,
  'microsoft-windows-wmi-activity/operational': wmiActivity,
  'microsoft-windows-dns-client/operational': dnsClient,
  'microsoft-windows-dns client events/operational': dnsClient,
  'microsoft-windows-applocker/exe and dll': appLocker,
  'microsoft-windows-applocker/msi and script': appLocker,
  'microsoft-windows-applocker/packaged app-execution': appLocker,
  'microsoft-windows-applocker/packaged app-deployment': appLocker,
};

/** Where an event was collected into another log (`ForwardedEvents`), its writer tells. */
const PROVIDERS: Readonly<Record<string, SourceMapping>> = {
  'microsoft-windows-sysmon': sysmon,
  'linux-sysmon': sysmon,
  'microsoft-windows-security-auditing': windowsSecurity,
  'microsoft-windows-powershell': powershell,
  powershellcore: powershell,
  'microsoft-windows-windows defender': defender,
  'microsoft-windows-taskscheduler': taskScheduler,
  'microsoft-windows-wmi-activity': wmiActivity,
  'microsoft-windows-dns-client': dnsClient,
  'microsoft-windows-applocker': appLocker,
  'service control manager': windowsSystem,
};

export function windowsSource(channel: string, provider: string): SourceMapping | null {
  return CHANNELS[channel.toLowerCase()] ?? PROVIDERS[provider.toLowerCase()] ?? null;
}
