/** What queries have in common. Pure. */
import { COMMENT_OR_STRING } from '../../telemetry/recorded-query.ts';

/** What stays the same when the portal turns a page: the text without its literals. */
export function shapeOf(text: string): string {
  return text
    .replace(COMMENT_OR_STRING, '""')
    .replace(/\b\d[\w.:-]*/g, '0')
    .replace(/\s+/g, ' ');
}
