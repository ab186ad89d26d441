/** What the history says of a query, and what the report says of a day. */
import { type Static, Type } from 'typebox';

const hunters = Type.Enum(['portal', 'api', 'xdr', 'graph'], {
  description: "Merlon's portal, /api/advancedqueries, /api/advancedhunting or Graph.",
});

export const HistoryEntry = Type.Object({
  id: Type.String(),
  time: Type.String({ description: 'When it came in.' }),
  interface: hunters,
  actorKind: Type.Enum(['application', 'user']),
  actorId: Type.String(),
  actorName: Type.String(),
  appId: Type.String({ description: 'Client through which it came.' }),
  query: Type.String({ description: 'Obfuscated strings (h"…") are masked; long texts are cut.' }),
  state: Type.Enum(['Completed', 'Failed', 'Throttled', 'Cancelled']),
  reason: Type.Union([Type.String(), Type.Null()]),
  resourceUsage: Type.Enum(['Low', 'Medium', 'High']),
  runSeconds: Type.Number({ description: 'In the engine.' }),
  totalSeconds: Type.Number({ description: 'With waiting and translation.' }),
  resultRows: Type.Integer(),
  resultBytes: Type.Integer(),
  rowsRead: Type.Integer(),
  peakMemoryBytes: Type.Integer(),
  tables: Type.Array(Type.String()),
});
export type HistoryEntry = Static<typeof HistoryEntry>;

export const ReportDay = Type.Object({
  date: Type.String({ description: 'In UTC, 2026-11-25.' }),
  interface: hunters,
  queries: Type.Integer(),
  failed: Type.Integer(),
  throttled: Type.Integer(),
  runSeconds: Type.Object({ total: Type.Number(), average: Type.Number(), highest: Type.Number() }),
  peakMemoryBytes: Type.Integer(),
});
export type ReportDay = Static<typeof ReportDay>;
