/** Loads a model from the files of a checkpoint. */
import type { Attn } from '@attn/core';
import { checkArgument, checkOptions, type OptionKinds } from '@attn/core/backend';
import { aStore } from './argument-kinds.ts';
import type { FileStore } from './files/file-store.ts';
import type { ModelSource } from './files/source.ts';
import type { ModelRuns } from './graph/model-runs.ts';
import { loadNetwork } from './load-network.ts';
import { LOAD_OPTIONS, splitOptions, type LoadOptions } from './load-options.ts';
import type { Ability } from './loaded/abilities.ts';
import { loadedModel, type ModelsFor } from './loaded/models-for.ts';
import type { LoadedModel } from './loaded-model.ts';
import { openModel, REQUEST_OPTIONS, type RequestOptions } from './open-model.ts';
import { lowersCase } from './sentence/module-list.ts';
import type { TaskOf } from './tasks/names.ts';
import type { AnyPipeline } from './tasks/open-pipeline.ts';
import type { Pipeline, PipelineName } from './tasks/pipeline.ts';
import { openTokenizer } from './tokenizer.ts';

/** Options of `loadModel`. */
export interface WebLoadOptions extends LoadOptions, RequestOptions {}

const WHERE = 'models/load';

const WEB_OPTIONS: OptionKinds<WebLoadOptions> = { ...LOAD_OPTIONS, ...REQUEST_OPTIONS };

/**
 * Loads a model from a store of files, such as one of your own. Errors: those of `loadModel`.
 *
 * @example
 * const model = await loadFrom(folderStore('models/longformer'), { attn });
 */
export async function loadFrom<A extends Ability>(
  store: FileStore,
  options: LoadOptions & { readonly for: A },
): Promise<ModelsFor[A]>;
export async function loadFrom(store: FileStore, options?: LoadOptions): Promise<LoadedModel>;
export async function loadFrom(store: FileStore, options: LoadOptions = {}): Promise<LoadedModel> {
  checkArgument(WHERE, 'store', store, aStore);
  const { attn, ...rest } = checkOptions(WHERE, options, LOAD_OPTIONS);
  return loadOn(attn, store, rest);
}

/**
 * Loads a model, with checked options, that runs on backends, or wherever `ModelRuns` does. Errors: those of
 * `loadModel`.
 */
export async function loadOn(
  runs: Attn | ModelRuns | undefined,
  store: FileStore,
  options: Omit<LoadOptions, 'attn'>,
): Promise<LoadedModel> {
  const network = await loadNetwork(store, { ...options, fastestInputs: runs?.fastestInputs() });
  const { model, family, config, modules, weights } = network;
  const lowerCase = modules !== undefined && lowersCase(modules);
  const tokenizer = (await openTokenizer(store, { lowerCase })) ?? family.tokenizer?.(config);
  const { readSettings } = await import('./sentence/read-settings.ts');
  const settings = await readSettings(store, modules, config, model);
  return loadedModel(options.for, model, tokenizer, runs, weights, settings);
}

/**
 * Loads a model: from the Hugging Face hub by its id; from a URL under which its files lie, which may be
 * relative on a page (a text is a URL when it begins with a scheme, `/`, `./` or `../`, or ends in `/`); from
 * URLs by file name; or from files that a user has picked (`File`s of an input, the handle of a folder).
 *
 * Models of the hub are downloaded once, into the browser's cache, where there is one. Elsewhere tensors are
 * fetched with range requests, neighbours in a file with one. In Node, `@attn/models/node` has a `loadModel`
 * that also takes folders, and keeps models on disk.
 *
 * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT` (an impossible source, no permission), `MALFORMED_FILE` (files
 * that break their rules, tensors that do not fit the config), `UNSUPPORTED` (an unknown model, code of its
 * own), `TIMEOUT` (no network), `ABORTED`.
 *
 * @example
 * const model = await loadModel('allenai/longformer-base-4096', { attn, for: 'encode' });
 * const { embeddings } = await model.encode(['Call me Ishmael.']);
 */
export async function loadModel<A extends Ability>(
  source: ModelSource,
  options: WebLoadOptions & { readonly for: A },
): Promise<ModelsFor[A]>;
export async function loadModel(source: ModelSource, options?: WebLoadOptions): Promise<LoadedModel>;
export async function loadModel(source: ModelSource, options: WebLoadOptions = {}): Promise<LoadedModel> {
  const { loading, place } = splitOptions(checkOptions(WHERE, options, WEB_OPTIONS));
  return loadFrom(await openModel(source, place), loading);
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
 * await using classify = await pipeline('text-classification', 'org/longformer-reviews', { attn });
 * const [{ label, score }] = await classify('Call me Ishmael.');
 */
export async function pipeline<N extends PipelineName>(
  task: N,
  source: ModelSource | LoadedModel | AnyPipeline,
  options: WebLoadOptions = {},
): Promise<Pipeline<TaskOf<N>>> {
  const { openPipeline } = await import('./tasks/open-pipeline.ts');
  return openPipeline(task, source, checkOptions(WHERE, options, WEB_OPTIONS), loadModel);
}
