/**
 * A checkpoint from its files: config.json, and the weights in the first of these forms that there is:
 * model.safetensors, the shards of its index, pytorch_model.bin, the shards of its index.
 */
import { AttnError, type JsonObject } from '@attn/core';
import { checkArgument, show } from '@attn/core/backend';
import { aStore } from '../argument-kinds.ts';
import { canonicalCheckpoint } from '../checkpoint/canonical.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { QUANTIZATION } from './quantization-key.ts';
import { absentError, malformedFile, readJson, type FileStore, type TensorFile } from './file-store.ts';

const WHERE = 'models/load';

/** Name of the file that holds all tensors. */
export const WEIGHTS = 'model.safetensors';
/** Name of the file of all tensors that PyTorch writes. */
const TORCH_WEIGHTS = 'pytorch_model.bin';

/** Longest config that is read, in bytes. */
const CONFIG_LIMIT = 16 * 2 ** 20;
/** Longest index that is read, in bytes. */
export const INDEX_LIMIT: number = 64 * 2 ** 20;

/** Most files that an index may list. */
const MOST_SHARDS = 1_000;

/**
 * Opens a checkpoint; only names and shapes are read. Tensors have the names that Hugging Face's library
 * gives them today, whatever the files call them. Whoever opens a checkpoint disposes it, when all needed
 * tensors have been read.
 *
 * Errors: `FILE_NOT_FOUND` (no config, no weights), `MALFORMED_FILE`, `UNSUPPORTED`, `INVALID_ARGUMENT`.
 *
 * @example
 * await using checkpoint = await openCheckpoint(folderStore('roberta-base'));
 * const model = await longformerFamily.load(toLongformer(checkpoint, { window: 512 }));
 */
export async function openCheckpoint(store: FileStore): Promise<Checkpoint> {
  checkArgument(WHERE, 'store', store, aStore);
  const config = await readJson(store, 'config.json', CONFIG_LIMIT);
  if (config === undefined) throw absentError(store, 'no config.json', ['config.json']);
  const files = await openWeights(store);
  try {
    const aliases = new Map([...files.values()].flatMap(({ metadata }) => [...metadata]));
    const stored = checkpointOf(store, config, files);
    const isQuantized = [...files.values()].some(({ metadata }) => metadata.has(QUANTIZATION));
    const view = isQuantized ? (await import('./stored-codes.ts')).withCodes(stored, files) : stored;
    return canonicalCheckpoint(view, aliases);
  } catch (error) {
    await disposeAll(files);
    throw error;
  }
}

/** The open files of the weights by their names. */
type Files = ReadonlyMap<string, TensorFile>;

async function openWeights(store: FileStore): Promise<Files> {
  for (const file of [WEIGHTS, TORCH_WEIGHTS]) {
    if (await store.has(file)) return new Map([[file, await store.tensors(file)]]);
    const index = `${file}.index.json`;
    const json = await readJson(store, index, INDEX_LIMIT);
    if (json !== undefined) return openShards(store, index, json);
  }
  const what = `neither ${WEIGHTS} nor ${TORCH_WEIGHTS}, nor an index of their shards`;
  throw absentError(store, what, [WEIGHTS]);
}

/** Opens the shards of an index. Each must hold exactly the tensors that the index says. */
async function openShards(store: FileStore, index: string, json: JsonObject): Promise<Files> {
  const names = new Map<string, Set<string>>();
  for (const [tensor, file] of readWeightMap(store, index, json))
    names.set(file, (names.get(file) ?? new Set()).add(tensor));
  if (names.size === 0 || names.size > MOST_SHARDS) {
    throw malformedFile(store, index, `must list 1 to ${MOST_SHARDS} files, got ${names.size}`);
  }
  const shards = new Map<string, TensorFile>();
  try {
    for (const [file, expected] of names) {
      const shard = await openShard(store, index, file);
      shards.set(file, shard);
      const missing = [...expected].find((name) => !shard.has(name));
      if (missing !== undefined)
        throw malformedFile(store, file, `has no tensor ${show(missing)}, against ${index}`);
      const extra = shard.names.find((name) => !expected.has(name));
      if (extra !== undefined)
        throw malformedFile(store, file, `has a tensor ${show(extra)} that ${index} does not place there`);
    }
    return shards;
  } catch (error) {
    await disposeAll(shards);
    throw error;
  }
}

async function openShard(store: FileStore, index: string, file: string): Promise<TensorFile> {
  try {
    return await store.tensors(file);
  } catch (cause) {
    if (!(cause instanceof AttnError) || cause.code !== 'FILE_NOT_FOUND') throw cause;
    const message = `${index} of ${store.name} lists ${file}, which is not there`;
    throw new AttnError('FILE_NOT_FOUND', WHERE, message, { cause });
  }
}

/** File by tensor, from an index. Errors: `MALFORMED_FILE`. */
function readWeightMap(
  store: FileStore,
  index: string,
  { weight_map: map }: JsonObject,
): readonly (readonly [string, string])[] {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw malformedFile(store, index, `must have an object weight_map, got ${show(map)}`);
  }
  const ending = index.startsWith(WEIGHTS) ? '.safetensors' : '.bin';
  return Object.entries(map).map(([tensor, file]: readonly [string, unknown]) => {
    // Only a plain name: an index from the network must not point to another folder.
    if (typeof file === 'string' && /^\w[\w.-]*$/.test(file) && file.endsWith(ending)) return [tensor, file];
    const message = `must place ${show(tensor)} in a ${ending} file beside it, got ${show(file)}`;
    throw malformedFile(store, index, message);
  });
}

function checkpointOf(store: FileStore, config: JsonObject, files: Files): Checkpoint {
  const fileOf = new Map(
    [...files].flatMap(([file, tensors]) => tensors.names.map((name) => [name, { file, tensors }] as const)),
  );
  const find = (name: string): { readonly file: string; readonly tensors: TensorFile } => {
    const place = fileOf.get(name);
    if (place !== undefined) return place;
    throw new AttnError('MISSING_INPUT', WHERE, `${store.name} has no tensor ${show(name)}`);
  };
  const [[first, { format }]] = files;
  const revision = store.revisionOf?.(first);
  return {
    name: store.name,
    config,
    weights: { files: [...files.keys()].toSorted(), format, ...(revision !== undefined && { revision }) },
    names: [...fileOf.keys()],
    has: (name) => fileOf.has(name),
    spec: (name) => {
      const { file, tensors } = find(name);
      const { shape, byteLength, fileDtype } = tensors.spec(name);
      return { shape, byteLength, fileDtype, file: revision === undefined ? file : `${revision}/${file}` };
    },
    tensor: async (name) => find(name).tensors.tensor(name),
    rows: (name, from, to) => find(name).tensors.rows?.(name, from, to),
    lazyTensor: (name) => find(name).tensors.lazyTensor?.(name),
    lazyBytes: (name) => find(name).tensors.lazyBytes?.(name),
    bytes: async (name) => find(name).tensors.bytes(name),
    readAhead(names) {
      const places = names.map((name) => ({ name, ...find(name) }));
      const ends = [...files].map(([file, { readAhead }]) =>
        readAhead?.(places.filter((place) => place.file === file).map(({ name }) => name)),
      );
      return () => ends.forEach((end) => end?.());
    },
    dispose: () => disposeAll(files),
    [Symbol.asyncDispose]: () => disposeAll(files),
  };
}

async function disposeAll(files: Files): Promise<void> {
  await Promise.all([...files.values()].map((file) => file.dispose()));
}
