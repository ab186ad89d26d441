/** What waits for a second person's word besides machine actions: features that are made after this one hand it in, so that one list and one pair of calls serve all. */
import type { MachineAction } from '@merlon/contract';
import type { Caller, RouteAudit } from '../../http/route.ts';

export interface Word {
  readonly caller: Caller;
  readonly audit: RouteAudit;
  readonly comment: string | null;
}

export interface AwaitingSource {
  /** As the caller's device groups show them, oldest first. */
  waiting(caller: Caller, limit: number): Promise<MachineAction[]>;
  /** As it stands afterwards. Null: nothing of this source has that id. @throws ApiError when the word is not the caller's to give, or comes too late */
  decide(id: string, decision: 'approve' | 'reject', word: Word): Promise<MachineAction | null>;
}

export class AwaitingElsewhere implements AwaitingSource {
  readonly #sources: AwaitingSource[] = [];

  add(source: AwaitingSource): void {
    this.#sources.push(source);
  }

  async waiting(caller: Caller, limit: number): Promise<MachineAction[]> {
    return (await Promise.all(this.#sources.map((source) => source.waiting(caller, limit)))).flat();
  }

  async decide(id: string, decision: 'approve' | 'reject', word: Word): Promise<MachineAction | null> {
    for (const source of this.#sources) {
      const decided = await source.decide(id, decision, word);
      if (decided) return decided;
    }
    return null;
  }
}
