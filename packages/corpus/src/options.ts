/** The options of a corpus, and their checks. */
import {
  aBoolean,
  aFunction,
  anObject,
  anything,
  aSignal,
  aString,
  checkArgument,
  checkOptions,
  either,
  integer,
  listOf,
  oneOf,
  required,
  type Kind,
  type OptionKinds,
} from '@attn/core/backend';
import type { Encoder, ModelSource, NodeLoadOptions } from '@attn/models/node';
import type { CorpusDocument } from './document.ts';
import { FORMATS } from './read/formats.ts';
import { SEARCH_MODES, type SearchMode } from './search/modes.ts';
import type { SearchFilter } from './search/filters.ts';
import { MOST_DIMENSIONS } from './store/schema.ts';
import type { CorpusProgress } from './progress.ts';

/** Options of `openCorpus`. */
export interface OpenCorpusOptions {
  /**
   * The model: a folder, an id of the hub, a URL, or one that is loaded. Default: the one that the store
   * remembers; a new store needs it.
   */
  readonly model?: ModelSource | Encoder;
  /** Options of `loadModel`, such as `attn`. */
  readonly load?: NodeLoadOptions;
  /** Name of the backend that encodes. Default: the fastest. */
  readonly backend?: string;
  /** For a new store: how many dimensions of each vector are kept. Default: all. */
  readonly dimensions?: number;
  /** For a new store: most UTF-16 units of a passage. Default 1,000. */
  readonly passageLength?: number;
  /**
   * For a new store: whether the model sees a document as a whole (late chunking). Default: true, except for
   * models that pool by a single token.
   */
  readonly lateChunks?: boolean;
  /** For a new store: the text-search configuration of PostgreSQL. Default `english`. */
  readonly language?: string;
  /** Do not make a store where there is none. Default false. */
  readonly mustExist?: boolean;
  /**
   * Seconds without a sign of life after which a worker counts as lost, and others take its documents.
   * Default 60, at least 10.
   */
  readonly lostAfter?: number;
  readonly signal?: AbortSignal;
  /** Called with what passes by itself, such as a connection that broke. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
}

/** Options of `index`. */
export interface IndexOptions {
  /** Documents of these roots that are not among the documents are removed. Default: none. */
  readonly roots?: readonly string[];
  /**
   * Work until all documents of the store are done. Default true; with false, documents are only put into the
   * queue, and workers do the rest.
   */
  readonly work?: boolean;
  readonly signal?: AbortSignal;
  /** Called about once a second. */
  readonly onProgress?: (progress: CorpusProgress) => void;
}

/** Options of `work`. */
export interface WorkOptions {
  /** Return when no document is pending. Default false: work until the signal. */
  readonly untilDone?: boolean;
  readonly signal?: AbortSignal;
  /** Called about once a second. */
  readonly onProgress?: (progress: CorpusProgress) => void;
}

/** Options of `search`. */
export interface SearchOptions extends SearchFilter {
  /** How many passages, the best first. Default 10, at most 500. */
  readonly limit?: number;
  /** How they are ranked. Default `hybrid`. */
  readonly mode?: SearchMode;
  readonly signal?: AbortSignal;
}

export const OPEN_KINDS: OptionKinds<OpenCorpusOptions> = {
  model: anything,
  load: anObject,
  backend: aString,
  dimensions: integer(1, MOST_DIMENSIONS),
  passageLength: integer(50, 20_000),
  lateChunks: aBoolean,
  language: aString,
  mustExist: aBoolean,
  lostAfter: integer(10, 3_600),
  signal: aSignal,
  onWarning: aFunction,
};

export const INDEX_KINDS: OptionKinds<IndexOptions> = {
  roots: listOf(aString, 'a list of texts'),
  work: aBoolean,
  signal: aSignal,
  onProgress: aFunction,
};

export const WORK_KINDS: OptionKinds<WorkOptions> = {
  untilDone: aBoolean,
  signal: aSignal,
  onProgress: aFunction,
};

/** An object that JSON can hold. */
const aJsonObject: Kind = {
  expected: 'an object of JSON',
  test: (value) => anObject.test(value) && JSON.stringify(value) !== undefined,
};

export const SEARCH_KINDS: OptionKinds<SearchOptions> = {
  limit: integer(1, 500),
  mode: oneOf(...SEARCH_MODES),
  path: aString,
  metadata: aJsonObject,
  signal: aSignal,
};

const DOCUMENT_KINDS: OptionKinds<CorpusDocument> = {
  path: required(aString),
  text: required(either(aString, aFunction)),
  format: oneOf(...FORMATS),
  metadata: aJsonObject,
  root: aString,
  size: integer(0),
  modified: { expected: 'a finite number', test: Number.isFinite },
};

/** Checks documents as they come. Errors: `INVALID_ARGUMENT`. */
export async function* checkDocuments(
  where: string,
  documents: Iterable<CorpusDocument> | AsyncIterable<CorpusDocument>,
): AsyncGenerator<CorpusDocument, void, undefined> {
  let number = 0;
  const check = (document: CorpusDocument): CorpusDocument =>
    checkOptions(where, document, DOCUMENT_KINDS, { name: `document ${number++}` });
  if (Symbol.asyncIterator in documents) for await (const document of documents) yield check(document);
  else for (const document of documents) yield check(document);
}

/** Checks that documents can be iterated. Errors: `INVALID_ARGUMENT`. */
export function checkIterable(where: string, documents: object): void {
  checkArgument(where, 'documents', documents, {
    expected: 'a list or another iterable of documents',
    test: (value) =>
      typeof value === 'object' &&
      value !== null &&
      (Symbol.iterator in value || Symbol.asyncIterator in value),
  });
}

/** Checks a query. Errors: `INVALID_ARGUMENT`. */
export function checkQuery(where: string, query: string): string {
  const notEmpty = {
    expected: 'a text that is not empty',
    test: (value: unknown) => typeof value === 'string' && value.trim() !== '',
  };
  return checkArgument(where, 'query', query, notEmpty);
}
