/** Loads a model from the files of a checkpoint. */
import { AttnError, type Attn } from '@attn/core';
import { aString, checkArgument, checkOptions, show, type Kind, type OptionKinds } from '@attn/core/backend';
import type { HttpOptions } from '@attn/safetensors';
import { aFamily, anAttn, aStore } from './argument-kinds.ts';
import { refuseForeignCode } from './checkpoint/foreign-code.ts';
import { READ_OPTIONS } from './checkpoint/read-weights.ts';
import { FAMILIES } from './families.ts';
import type { FileStore } from './files/file-store.ts';
import { openCheckpoint } from './files/open-checkpoint.ts';
import { HTTP_OPTIONS, urlStore, type UrlMap } from './files/url-store.ts';
import { LoadedModel } from './loaded-model.ts';
import type { FamilyOptions, ModelFamily } from './model.ts';
import { openTokenizer } from './tokenizer.ts';

/** Options of `loadModel` wherever the files are. */
export interface LoadOptions extends FamilyOptions {
  /** Runs the model on its backends. Without it the model can only be inspected and exported. */
  readonly attn?: Attn;
  /** Families to choose from, by config.json. Default: all families of this package. */
  readonly families?: readonly ModelFamily[];
}

/** Options of `loadModel` for files on the web. */
export interface WebLoadOptions extends LoadOptions, Pick<HttpOptions, 'fetch' | 'headers'> {}

const WHERE = 'models/load';

const someFamilies: Kind = {
  expected: 'a list of at least one family of models, such as longformerFamily',
  test: (value) => Array.isArray(value) && value.length > 0 && value.every(aFamily.test),
};

/** Kinds of the options of loading. */
export const LOAD_OPTIONS: OptionKinds<LoadOptions> = {
  ...READ_OPTIONS,
  architecture: aString,
  attn: anAttn,
  families: someFamilies,
};

/** Kinds of the options of loading from the web. */
export const WEB_OPTIONS: OptionKinds<WebLoadOptions> = {
  ...LOAD_OPTIONS,
  fetch: HTTP_OPTIONS.fetch,
  headers: HTTP_OPTIONS.headers,
};

/**
 * Loads a model from a store of files, such as one of your own. Errors: those of `loadModel`.
 *
 * @example
 * const model = await loadFrom(folderStore('models/longformer'), { attn });
 */
export async function loadFrom(store: FileStore, options: LoadOptions = {}): Promise<LoadedModel> {
  checkArgument(WHERE, 'store', store, aStore);
  const { attn, families = FAMILIES, ...rest } = checkOptions(WHERE, options, LOAD_OPTIONS);
  const checkpoint = await openCheckpoint(store);
  try {
    refuseForeignCode(checkpoint);
    const family = families.find((candidate) => candidate.recognises(checkpoint.config));
    if (family === undefined) {
      const names = families.map(({ name }) => name).join(', ');
      const message = `${store.name} has the model_type ${show(checkpoint.config.model_type)}; known are ${names}`;
      throw new AttnError('UNSUPPORTED', WHERE, message);
    }
    const model = await family.load(checkpoint, rest);
    const tokenizer = (await openTokenizer(store)) ?? family.tokenizer?.(checkpoint.config);
    return new LoadedModel(model, tokenizer, attn, checkpoint.weights);
  } finally {
    await checkpoint.dispose();
  }
}

/**
 * Loads a model over the web: from URLs by file name (`config.json`, `model.safetensors`, `tokenizer.json`,
 * …), or from one URL under which they lie, such as
 * `https://huggingface.co/allenai/longformer-base-4096/resolve/main/`. Tensors are fetched one by one with
 * range requests. In Node, `@attn/models/node` has a `loadModel` that also takes folders and ids of the hub.
 *
 * Errors: `FILE_NOT_FOUND`, `MALFORMED_FILE` (files that break their rules,
 * tensors that do not fit the config), `UNSUPPORTED` (an unknown model,
 * code of its own, a server without range requests), `TIMEOUT` (no network), `ABORTED`.
 *
 * @example
 * const model = await loadModel('https://example.org/longformer/', { attn });
 * const { embeddings } = await model.encode(['Call me Ishmael.']);
 */
export async function loadModel(
  source: UrlMap | string | URL,
  options: WebLoadOptions = {},
): Promise<LoadedModel> {
  const { fetch, headers, ...rest } = checkOptions(WHERE, options, WEB_OPTIONS);
  return loadFrom(urlStore(source, { fetch, headers, signal: rest.signal }), rest);
}
