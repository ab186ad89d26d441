/** Rows on a page of a list. */
export const PAGE_SIZE = 50;
export const pageSizes = [30, 50, 100] as const;
