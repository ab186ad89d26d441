/** What one event says by itself: a row of the detections feed is made of it, whatever other events its alert is about. Pure. */
import type { AlertEvidence, AlertRelatedUser } from '@merlon/contract';

/** Only what is known. */
export interface DetectionFacts {
  readonly fileName?: string;
  /** Folder of the file. */
  readonly filePath?: string;
  readonly sha1?: string;
  readonly sha256?: string;
  readonly md5?: string;
  readonly commandLine?: string;
  readonly ipAddress?: string;
  readonly url?: string;
  readonly userName?: string;
  readonly userDomain?: string;
  /** The indicator that matched: its type and value. */
  readonly iocName?: string;
  readonly iocValue?: string;
  /** What the antivirus said; absent where none did. */
  readonly antivirus?: AntivirusFacts;
}

export interface AntivirusFacts {
  readonly threatName?: string;
  readonly action?: string;
  readonly remediated?: boolean;
  readonly executing?: boolean;
}

/** The file that was detected, else the process; the first address; who it happened under. */
export function factsOfEvidence(
  evidence: readonly AlertEvidence[],
  relatedUser: AlertRelatedUser | null,
): DetectionFacts {
  const detected = evidence.filter(({ detectionStatus }) => detectionStatus !== null);
  const first = (kind: AlertEvidence['entityType']) =>
    detected.find(({ entityType }) => entityType === kind) ??
    evidence.find(({ entityType }) => entityType === kind);
  const process = first('Process');
  const file = first('File') ?? process;
  return known({
    fileName: file?.fileName,
    filePath: file?.filePath,
    sha1: file?.sha1,
    sha256: file?.sha256,
    commandLine: process?.processCommandLine,
    ipAddress: first('Ip')?.ipAddress,
    url: first('Url')?.url,
    userName: relatedUser?.userName,
    userDomain: relatedUser?.domainName,
  });
}

/** Without what is null, empty or absent. */
export function known<T extends object>(
  facts: {
    readonly [K in keyof T]: T[K] | null | undefined;
  },
): Partial<T> {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== ''),
  ) as Partial<T>;
}
