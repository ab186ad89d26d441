/** The tenant's YARA rules in force, for the next scan. */
import type { ContentEnforcer } from '../content/content-keeper.ts';
import type { YaraSource } from './yara-engine.ts';

export class YaraRules implements ContentEnforcer<'yaraRules'> {
  #sources: readonly YaraSource[] = [];

  get sources(): readonly YaraSource[] {
    return this.#sources;
  }

  apply(items: readonly YaraSource[]): void {
    this.#sources = items;
  }
}
