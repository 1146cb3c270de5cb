/**
 * `@attn/models/node`: all of `@attn/models`, and a `loadModel` that
 * also loads folders on disk and models of the Hugging Face hub.
 */
import { stat } from 'node:fs/promises';
import { AttnError } from '@attn/core';
import { anObject, checkOptions, show, type OptionKinds } from '@attn/core/backend';
import type { Tokenizer } from '@attn/tokenizers';
import { blobStore, isPicked } from './files/blob-store.ts';
import { filesAt, isFileUrl, pathOfUrl } from './files/file-urls.ts';
import { folderStore } from './files/folder-store.ts';
import type { FileStore } from './files/file-store.ts';
import type { ModelSource } from './files/source.ts';
import { HUB_OPTIONS, hubStore, STORE_OPTIONS, type HubStoreOptions } from './hub/folder/hub-store.ts';
import { isHubId } from './hub/names.ts';
import { HTTP_OPTIONS, urlStore, type UrlMap } from './files/url-store.ts';
import { kindOf } from './kind-of.ts';
import { loadFrom } from './load.ts';
import { LOAD_OPTIONS, splitOptions, type LoadOptions } from './load-options.ts';
import type { Ability } from './loaded/abilities.ts';
import type { ModelsFor } from './loaded/models-for.ts';
import type { LoadedModel } from './loaded-model.ts';
import { tokenizerOf } from './open-model.ts';
import type { TaskOf } from './tasks/names.ts';
import type { AnyPipeline } from './tasks/open-pipeline.ts';
import type { Pipeline, PipelineName } from './tasks/pipeline.ts';
import type { WorkersOptions } from './workers/options.ts';

export * from './index.ts';
export { folderStore, openTensorFile } from './files/folder-store.ts';
export { writeCheckpoint, type WriteCheckpointOptions } from './files/write-checkpoint.ts';
export {
  hubStore,
  type CacheOptions,
  type HubOptions,
  type HubStoreOptions,
} from './hub/folder/hub-store.ts';
export type { WorkerBackend, WorkersOptions } from './workers/options.ts';
export { clearCached, isCached, listCached, type IsCachedOptions } from './hub/folder/manage-cache.ts';

/** Options of `openModel` in Node. */
export interface OpenModelOptions extends HubStoreOptions {
  /** Sent with every request to a server that is not the hub, for example `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Options of `loadModel` in Node. */
export interface NodeLoadOptions extends LoadOptions, Omit<OpenModelOptions, 'weights'> {
  /**
   * Worker threads that run the model's batches, in place of `attn`. The model has to be in a folder of this
   * machine, or on the hub. Default: batches run one by one on the backends of `attn`.
   */
  readonly workers?: WorkersOptions;
}

const WHERE = 'models/load';

const OPEN_OPTIONS: OptionKinds<OpenModelOptions> = { ...STORE_OPTIONS, headers: HTTP_OPTIONS.headers };
const PLACE_OPTIONS: OptionKinds<Omit<OpenModelOptions, 'weights'>> = {
  ...HUB_OPTIONS,
  headers: HTTP_OPTIONS.headers,
};
const NODE_OPTIONS: OptionKinds<NodeLoadOptions> = {
  ...LOAD_OPTIONS,
  ...PLACE_OPTIONS,
  workers: anObject,
};

/**
 * The files of a model: of a folder, by its path or its `file:` URL; of the Hugging Face hub by its id
 * (downloaded once into the cache of Hugging Face's own libraries); under a URL; at URLs by file name; or
 * `File` objects. A string is the path of a folder if that folder exists, and an id otherwise.
 *
 * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT`, and those of `hubStore`.
 *
 * @example
 * await using checkpoint = await openCheckpoint(await openModel('allenai/longformer-base-4096'));
 * await writeCheckpoint('longformer', checkpoint);
 */
export async function openModel(source: ModelSource, options: OpenModelOptions = {}): Promise<FileStore> {
  const { headers, ...hub } = checkOptions(WHERE, options, OPEN_OPTIONS);
  const path = pathOf(source);
  if (path === undefined && isPicked(source)) return blobStore(source);
  if (path === undefined || /^https?:\/\//.test(path)) {
    const { fetch, signal, attempts, idleTimeout, onWarning } = hub;
    const http = { fetch, headers, signal, attempts, idleTimeout, onWarning };
    return filesAt(source as string | URL | UrlMap, (urls) => urlStore(urls, http));
  }
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) return folderStore(path);
  if (isHubId(path) && stats === undefined) return hubStore(path, hub);
  const message = `the source must be a folder, a model's id such as org/name, or a URL; there is no folder ${show(path)}`;
  throw new AttnError('FILE_NOT_FOUND', WHERE, message);
}

/** The path of a folder, the id of a model, or a URL of the web, where the source is one text. */
function pathOf(source: ModelSource): string | undefined {
  const isFile = (typeof source === 'string' || kindOf(source) === 'URL') && isFileUrl(String(source));
  if (isFile) return pathOfUrl(String(source));
  return typeof source === 'string' ? source : undefined;
}

/**
 * The tokenizer of a model, from any source that `openModel` takes. Weights are neither downloaded nor read.
 *
 * Errors: those of `openModel`; `FILE_NOT_FOUND` for a model without the files of a tokenizer;
 * `MALFORMED_FILE`, `UNSUPPORTED`.
 *
 * @example
 * const tokenizer = await loadTokenizer('allenai/longformer-base-4096');
 * const { ids, offsets } = tokenizer.encode('Call me Ishmael.');
 */
export async function loadTokenizer(
  source: ModelSource,
  options: Omit<OpenModelOptions, 'weights'> = {},
): Promise<Tokenizer> {
  const checked = checkOptions(WHERE, options, PLACE_OPTIONS);
  return tokenizerOf(await openModel(source, { ...checked, weights: false }));
}

/**
 * Loads a model from any source that `openModel` takes. With `workers`, batches of it run side by side in
 * worker threads.
 *
 * Errors: `FILE_NOT_FOUND`, `MALFORMED_FILE` (files that break their rules, tensors that do not fit the
 * config), `UNSUPPORTED` (an unknown model, code of its own, workers for a model that is in no folder),
 * `INVALID_ARGUMENT`, `TIMEOUT` (no network), `ABORTED`; with workers `BACKEND_UNAVAILABLE`, `WORKER_DIED`.
 *
 * @example
 * const attn = await createAttn();
 * const model = await loadModel('allenai/longformer-base-4096', { attn, for: 'encode' });
 * const { embeddings } = await model.encode(['Call me Ishmael.']);
 */
export async function loadModel<A extends Ability>(
  source: ModelSource,
  options: NodeLoadOptions & { readonly for: A },
): Promise<ModelsFor[A]>;
export async function loadModel(source: ModelSource, options?: NodeLoadOptions): Promise<LoadedModel>;
export async function loadModel(source: ModelSource, options: NodeLoadOptions = {}): Promise<LoadedModel> {
  const { workers, ...rest } = checkOptions(WHERE, options, NODE_OPTIONS);
  const { loading, place } = splitOptions(rest);
  if (workers === undefined) return loadFrom(await openModel(source, place), loading);
  const { checkForWorkers, loadInWorkers } = await import('./workers/load-in-workers.ts');
  const checked = checkForWorkers(loading, workers);
  return loadInWorkers(await openModel(source, place), loading, checked);
}

/**
 * Loads a model for a task, and returns a function that does it: `text-classification`, … Names, options and
 * results are those of transformers.js; inputs may have any length. Sources are those of `loadModel`, a model
 * that is loaded, or another pipeline, for its model. Without `attn`, the model runs on the backends that are
 * installed (`@attn/auto`).
 *
 * Errors: those of `loadModel`; `INVALID_ARGUMENT` (an unknown task), `UNSUPPORTED` (a model that cannot do
 * it), `MISSING_INPUT` (no `attn`, and no `@attn/auto`).
 *
 * @example
 * await using classify = await pipeline('text-classification', 'models/reviews');
 * const [{ label, score }] = await classify('Call me Ishmael.');
 */
export async function pipeline<N extends PipelineName>(
  task: N,
  source: ModelSource | LoadedModel | AnyPipeline,
  options: NodeLoadOptions = {},
): Promise<Pipeline<TaskOf<N>>> {
  const { openPipeline } = await import('./tasks/open-pipeline.ts');
  return openPipeline(task, source, checkOptions(WHERE, options, NODE_OPTIONS), loadModel);
}
