/** Where files were lately executed and written, by the rows of the sensor: an order that names a file by its hash need not search the disk for it. Pure. */
import type { SensorRow } from '../sensor/sensor.ts';

const MAX_HASHES = 8_192;
const MAX_WRITTEN = 1_024;

export class SeenFiles {
  /** Path last executed from, by each hash. */
  readonly #executed = new Map<string, string>();
  readonly #written = new Set<string>();

  take(row: SensorRow): void {
    const path = row.FolderPath;
    if (typeof path !== 'string' || !path.startsWith('/')) return;
    if (row.Table === 'DeviceProcessEvents') {
      for (const hash of [row.SHA256, row.SHA1]) if (typeof hash === 'string') this.#remember(hash, path);
    } else if (row.Table === 'DeviceFileEvents') {
      this.#written.delete(path);
      if (row.ActionType === 'FileDeleted') return;
      this.#written.add(path);
      const [oldest] = this.#written;
      if (this.#written.size > MAX_WRITTEN && oldest !== undefined) this.#written.delete(oldest);
    }
  }

  /** Paths at which a file of this hash may be, the likeliest first. */
  pathsOf(hash: string): string[] {
    const executed = this.#executed.get(hash);
    return [...(executed === undefined ? [] : [executed]), ...[...this.#written].reverse()];
  }

  #remember(hash: string, path: string): void {
    this.#executed.delete(hash);
    this.#executed.set(hash, path);
    const [oldest] = this.#executed.keys();
    if (this.#executed.size > MAX_HASHES && oldest !== undefined) this.#executed.delete(oldest);
  }
}
