export type HashAnswer = { sha1: string; sha256: string; md5: string } | { missing: string };

export class HashingFile {
  constructor(fd: number);
  step(): HashAnswer | null;
}
