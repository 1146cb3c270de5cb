/**
 * A checkpoint from its files: config.json, and model.safetensors or the shards that
 * model.safetensors.index.json lists. PyTorch's own files are pickles, which run
 * code when they are read: they are refused with the command that converts them.
 */
import { AttnError, type JsonObject } from '@attn/core';
import { checkArgument, show } from '@attn/core/backend';
import { aStore } from '../argument-kinds.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { malformedFile, readJson, type FileStore, type TensorFile } from './file-store.ts';

const WHERE = 'models/load';

/** Name of the file that holds all tensors. */
export const WEIGHTS = 'model.safetensors';
/** Name of the file that says which shard holds which tensor. */
export const INDEX = 'model.safetensors.index.json';
/** Names of the files that PyTorch writes. */
export const PICKLES: readonly string[] = [
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'pytorch_model.pt',
  'model.pt',
];

/** Longest config that is read, in bytes. */
const CONFIG_LIMIT = 16 * 2 ** 20;
/** Longest index that is read, in bytes. */
export const INDEX_LIMIT: number = 64 * 2 ** 20;

/** Most files that an index may list. */
const MOST_SHARDS = 1_000;

/**
 * Opens a checkpoint; only headers are read. Whoever opens it
 * disposes it, when all needed tensors have been read.
 *
 * Errors: `FILE_NOT_FOUND` (no config, no weights), `UNSUPPORTED` (only
 * pickles), `MALFORMED_FILE`, `INVALID_ARGUMENT`.
 *
 * @example
 * await using checkpoint = await openCheckpoint(folderStore('roberta-base'));
 * const model = await longformerFamily.load(toLongformer(checkpoint, { window: 512 }));
 */
export async function openCheckpoint(store: FileStore): Promise<Checkpoint> {
  checkArgument(WHERE, 'store', store, aStore);
  const config = await readJson(store, 'config.json', CONFIG_LIMIT);
  if (config === undefined)
    throw new AttnError('FILE_NOT_FOUND', WHERE, `there is no config.json in ${store.name}`);
  if (await store.has(WEIGHTS)) return checkpointOf(store, config, [await store.tensors(WEIGHTS)]);
  const index = await readJson(store, INDEX, INDEX_LIMIT);
  if (index !== undefined) return checkpointOf(store, config, await openShards(store, index));
  for (const pickle of PICKLES) if (await store.has(pickle)) throw pickleError(store.name, pickle);
  throw new AttnError('FILE_NOT_FOUND', WHERE, `there is neither ${WEIGHTS} nor ${INDEX} in ${store.name}`);
}

/** One line of Python that converts a pickle into a .safetensors file. */
const CONVERT =
  `python -c "import torch, safetensors.torch as s; ` +
  `s.save_file({k: v.clone() for k, v in torch.load('pytorch_model.bin', weights_only=True).items()}, '${WEIGHTS}', {'format': 'pt'})"`;

/** The error of a checkpoint that has only a pickle. */
export function pickleError(name: string, pickle: string): AttnError {
  return new AttnError(
    'UNSUPPORTED',
    WHERE,
    `${name} has only ${pickle}, a pickle, which can run any code when it is read; convert it once: ${CONVERT}`,
  );
}

/** Opens the shards of an index. Each must hold exactly the tensors that the index says. */
async function openShards(store: FileStore, index: JsonObject): Promise<readonly TensorFile[]> {
  const weightMap = readWeightMap(store, index);
  const names = new Map<string, Set<string>>();
  for (const [tensor, file] of weightMap) names.set(file, (names.get(file) ?? new Set()).add(tensor));
  if (names.size > MOST_SHARDS) {
    throw malformedFile(store, INDEX, `must list at most ${MOST_SHARDS} files, got ${names.size}`);
  }
  const shards: TensorFile[] = [];
  try {
    for (const [file, expected] of names) {
      const shard = await store.tensors(file);
      shards.push(shard);
      const missing = [...expected].find((name) => !shard.has(name));
      if (missing !== undefined)
        throw malformedFile(store, file, `has no tensor ${show(missing)}, against ${INDEX}`);
      const extra = shard.names.find((name) => !expected.has(name));
      if (extra !== undefined)
        throw malformedFile(store, file, `has a tensor ${show(extra)} that ${INDEX} does not place there`);
    }
    return shards;
  } catch (error) {
    await disposeAll(shards);
    throw error;
  }
}

/** File by tensor, from an index. Errors: `MALFORMED_FILE`. */
export function readWeightMap(
  store: FileStore,
  { weight_map: map }: JsonObject,
): readonly (readonly [string, string])[] {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw malformedFile(store, INDEX, `must have an object weight_map, got ${show(map)}`);
  }
  return Object.entries(map).map(([tensor, file]: readonly [string, unknown]) => {
    // Only a plain name: an index from the network must not point to another folder.
    if (typeof file === 'string' && /^[\w][\w.-]*\.safetensors$/.test(file)) return [tensor, file];
    throw malformedFile(
      store,
      INDEX,
      `must place ${show(tensor)} in a .safetensors file beside it, got ${show(file)}`,
    );
  });
}

function checkpointOf(store: FileStore, config: JsonObject, files: readonly TensorFile[]): Checkpoint {
  const fileOf = new Map(files.flatMap((file) => file.names.map((name) => [name, file] as const)));
  const find = (name: string): TensorFile => {
    const file = fileOf.get(name);
    if (file !== undefined) return file;
    throw new AttnError('MISSING_INPUT', WHERE, `${store.name} has no tensor ${show(name)}`);
  };
  return {
    name: store.name,
    config,
    names: [...fileOf.keys()],
    has: (name) => fileOf.has(name),
    spec: (name) => find(name).spec(name),
    tensor: async (name) => find(name).tensor(name),
    lazyTensor: (name) => find(name).lazyTensor?.(name),
    dispose: () => disposeAll(files),
    [Symbol.asyncDispose]: () => disposeAll(files),
  };
}

async function disposeAll(files: readonly TensorFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.dispose()));
}
