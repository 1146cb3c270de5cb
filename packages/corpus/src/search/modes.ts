/** How passages are ranked: by vectors, by words, or by both. */
export const SEARCH_MODES = ['hybrid', 'vectors', 'words'] as const;

/** How passages are ranked. */
export type SearchMode = (typeof SEARCH_MODES)[number];
