/** What the supervisor tells the launcher, as JSON in its one argument. No secrets: anyone may read a command line. */
export interface LaunchRequest {
  /** The engine's folder, as seen before any change of root. */
  readonly folder: string;
  readonly httpPort: number;
  /** The launcher ends at once when this is not its parent any more. */
  readonly parentPid: number;
  /** Null: run as started. Else: make the folder the root of the file system, and become this user for good. */
  readonly confineAs: { readonly uid: number; readonly gid: number } | null;
}
