/** Copies of models in the cache: what is there, what is missing, and a store of their files. */
import { readdir } from 'node:fs/promises';
import { readJson, type FileStore } from '../files/file-store.ts';
import { folderStore } from '../files/folder-store.ts';
import { INDEX_LIMIT } from '../files/open-checkpoint.ts';
import { sizeOf, type ModelCache, type SnapshotFile } from './model-cache.ts';
import { companionsOf, isIndex, shardsIn, WEIGHT_NAMES, type WeightsPlan } from './plan-files.ts';
import { readRecord, type SnapshotRecord } from './record.ts';

/** Which files a caller needs. */
export interface Needs {
  /** Whether the weights are needed. */
  readonly weights: boolean;
  /** Whether the weights may be those that the hub's bot converted. */
  readonly conversions: boolean;
}

/** A copy of a commit in the cache. */
export interface Snapshot {
  readonly commit: string;
  /** Where the weights are, as far as they are here. */
  readonly weights?: WeightsPlan;
  /** Files without which the model cannot be loaded. */
  readonly missing: readonly string[];
  /** All files of the hub's own list are here, and have their lengths. */
  readonly isWhole: boolean;
  /** Nothing seems to be missing: here are also files of a tokenizer. */
  readonly seemsWhole: boolean;
}

/** The copy of a commit; undefined when there is none. */
export async function findSnapshot(
  cache: ModelCache,
  commit: string | undefined,
  needs: Needs,
): Promise<Snapshot | undefined> {
  if (commit === undefined) return undefined;
  const entries = await readdir(cache.snapshot(commit)).catch(() => undefined);
  if (entries === undefined) return undefined;
  const record = await readRecord(cache, commit);
  if (record !== undefined && fits(record, needs)) {
    const isHere = await Promise.all(
      record.files.map(async (file) => (await sizeOf(cache.pointer(file))) === file.size),
    );
    if (isHere.every(Boolean)) {
      return { commit, weights: record.weights, missing: [], isWhole: true, seemsWhole: true };
    }
  }
  const lookup = new Lookup(cache, record);
  const missing = (await lookup.has({ commit, path: CONFIG })) ? [] : [CONFIG];
  const weights = needs.weights ? await lookup.weights(commit, needs) : { missing: [] };
  missing.push(...weights.missing);
  const companions = await companionsOf(entries);
  const seemsWhole = missing.length === 0 && companions.some((file) => !file.endsWith(CONFIG));
  return { commit, weights: weights.plan, missing, isWhole: false, seemsWhole };
}

const CONFIG = 'config.json';

function fits({ weights }: SnapshotRecord, needs: Needs): boolean {
  if (!needs.weights) return true;
  return weights !== undefined && (needs.conversions || weights.revision === undefined);
}

/** Looks for files one by one, by their names. */
class Lookup {
  private readonly cache: ModelCache;
  private readonly record: SnapshotRecord | undefined;

  constructor(cache: ModelCache, record: SnapshotRecord | undefined) {
    this.cache = cache;
    this.record = record;
  }

  /** Whether a file is here, and has the length that the hub said, if it said one. */
  async has({ commit, path }: SnapshotFile): Promise<boolean> {
    const size = await sizeOf(this.cache.pointer({ commit, path }));
    const file = this.record?.files.find((file) => file.commit === commit && file.path === path);
    return size !== undefined && (file === undefined || file.size === size);
  }

  /** The preferred weights of which all files are here; else what is missing of the preferred ones. */
  async weights(
    commit: string,
    { conversions }: Needs,
  ): Promise<{ readonly plan?: WeightsPlan; readonly missing: readonly string[] }> {
    const plans: WeightsPlan[] = WEIGHT_NAMES.map((file) => ({ file, commit }));
    const recorded = this.record?.weights;
    if (recorded?.revision !== undefined && conversions) plans.unshift(recorded);
    let missing: readonly string[] | undefined;
    for (const plan of plans) {
      if (!(await this.has({ commit: plan.commit, path: plan.file }))) continue;
      const shards = await this.missingShards(plan);
      if (shards.length === 0) return { plan, missing: [] };
      missing ??= shards;
    }
    return { missing: missing ?? [recorded?.file ?? WEIGHT_NAMES[0]] };
  }

  private async missingShards({ file, commit }: WeightsPlan): Promise<readonly string[]> {
    const shards = isIndex(file) ? await readShards(this.cache, commit, file) : [];
    const isHere = await Promise.all(shards.map((path) => this.has({ commit, path })));
    return shards.filter((_, i) => !isHere[i]);
  }
}

/** The shards that an index in the cache lists. Errors: `MALFORMED_FILE`. */
export async function readShards(
  cache: ModelCache,
  commit: string,
  index: string,
): Promise<readonly string[]> {
  const store = folderStore(cache.snapshot(commit), cache.id);
  return shardsIn((await readJson(store, index, INDEX_LIMIT)) ?? {});
}

/** Names of weights, and of indices of their shards. */
const WEIGHTS = /\.(safetensors|bin)(\.index\.json)?$/;

/** A store of the files of a copy. Its weights may be of another commit. */
export function snapshotStore(cache: ModelCache, { commit, weights }: Snapshot): FileStore {
  const store = folderStore(cache.snapshot(commit), cache.id);
  if (weights?.revision === undefined) return store;
  const conversion = folderStore(cache.snapshot(weights.commit), cache.id);
  const storeOf = (file: string): FileStore => (WEIGHTS.test(file) ? conversion : store);
  return {
    name: cache.id,
    has: (file) => storeOf(file).has(file),
    bytes: (file, limit) => storeOf(file).bytes(file, limit),
    tensors: (file) => storeOf(file).tensors(file),
    revisionOf: (file) => (WEIGHTS.test(file) ? weights.revision : undefined),
  };
}
