/**
 * @attn/corpus: texts indexed and searched by models of `@attn/models`. Vectors, words and jobs are in one
 * PostgreSQL: embedded in a folder, or on a server that any number of workers share. For Node.
 *
 * To read on: `open-corpus.ts` and `corpus.ts` are what users call, `index-documents.ts` and `jobs/worker.ts`
 * what indexing is, `search/search.ts` what a search is, `store/schema.ts` the tables.
 */
export { Corpus, type FailedDocument, type IndexReport } from './corpus.ts';
export type { CorpusDocument } from './document.ts';
export type { IndexCounts } from './index-documents.ts';
export { openCorpus } from './open-corpus.ts';
export type { IndexOptions, OpenCorpusOptions, SearchOptions, WorkOptions } from './options.ts';
export type { CorpusCounts, CorpusProgress, CorpusStatus } from './progress.ts';
export { checkPaths, corpusPath, readFiles, type ReadFilesOptions } from './read/files.ts';
export type { DocumentFormat } from './read/formats.ts';
export { watchFiles } from './read/watch.ts';
export type { SearchFilter } from './search/filters.ts';
export type { SearchMode } from './search/modes.ts';
export type { SearchResult } from './search/search.ts';
export type { StoreSettings } from './store/settings.ts';
