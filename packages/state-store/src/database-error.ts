/** What PostgreSQL says when a row breaks a unique constraint: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNIQUE_VIOLATION = '23505';

/** Whether a statement failed because such a row is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === UNIQUE_VIOLATION;
}
