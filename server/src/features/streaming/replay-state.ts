/**
 * The state of a replay.
 *
 *   Waiting ──the event store has everything──▶ Running ──last row delivered──▶ Succeeded
 *      │                                          ├── settings changed so that it makes no sense, refused for good ──▶ Failed
 *      └───────────── cancel ─────────────────────┴──▶ Cancelled
 *
 * A passing fault leaves it Running. After a restart it goes on at its place: what is delivered twice is part of one slice.
 */
export const replayStates = ['Waiting', 'Running', 'Succeeded', 'Failed', 'Cancelled'] as const;
export type ReplayState = (typeof replayStates)[number];

/** Everything of the tables before `table`, and of it the rows received before `until`, is delivered. */
export interface ReplayPlace {
  readonly table: string;
  readonly until: string;
}
