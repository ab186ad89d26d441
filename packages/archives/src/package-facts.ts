import type { ArchiveFile } from './archive-file.ts';

/** What a deb and an rpm of the same thing have in common. */
export interface SystemPackage {
  /** Lower case letters, digits, `-`. */
  readonly name: string;
  /** Digits and dots. */
  readonly version: string;
  /** Of Debian (`amd64`, `all`) or of RPM (`x86_64`, `noarch`), as the format wants it. */
  readonly architecture: string;
  readonly summary: string;
  readonly description: string;
  readonly maintainer: string;
  readonly license: string;
  /** Paths are from the root. */
  readonly files: readonly ArchiveFile[];
  /** Paths of those files that an administrator may change and an upgrade keeps. */
  readonly configuration: readonly string[];
  /** Names of packages it needs. */
  readonly needs: readonly string[];
  /** Shell scripts, without their first line. */
  readonly scripts: {
    readonly afterInstall?: string;
    readonly beforeRemove?: string;
    readonly afterRemove?: string;
  };
}
