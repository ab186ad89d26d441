/** Retention would have to drop what a reader has not taken yet. Append again once the readers caught up. */
export class LogFullError extends Error {
  override readonly name = 'LogFullError';
}

/** Bytes that were once acknowledged cannot be read back. Never skipped in silence: `repairEventLog` cuts them out, on request. */
export class CorruptLogError extends Error {
  override readonly name = 'CorruptLogError';
  readonly file: string;
  readonly offset: number;
  constructor(file: string, offset: number, problem: string) {
    super(`the event log is damaged: ${problem} in ${file} at byte ${offset}`);
    this.file = file;
    this.offset = offset;
  }
}

/** Another process has the folder open. */
export class LogLockedError extends Error {
  override readonly name = 'LogLockedError';
}

/** A write or sync failed in a way that leaves unknown what is on disk. The log takes nothing more until it is opened again. */
export class LogFailedError extends Error {
  override readonly name = 'LogFailedError';
}
