/** All mappings, in the order of the reference page. */
import type { SourceMapping } from '../mapping.ts';
import { auditd } from './auditd.ts';
import { ecs } from './ecs.ts';
import { falco } from './falco.ts';
import { osquery } from './osquery.ts';
import { sysmon } from './sysmon.ts';
import { tetragon } from './tetragon.ts';
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

export const sourceMappings: readonly SourceMapping[] = [
  sysmon,
  windowsSecurity,
  windowsSystem,
  powershell,
  defender,
  taskScheduler,
  wmiActivity,
  dnsClient,
  appLocker,
  auditd,
  falco,
  tetragon,
  ecs,
  osquery,
];
