/** Copies of models in the cache folder: what is there, and what is missing. */
import { readdir } from 'node:fs/promises';
import { readJsonList } from '../../files/file-store.ts';
import { folderStore } from '../../files/folder-store.ts';
import { MODULES_FILE, SETTINGS_LIMIT } from '../../sentence/module-list.ts';
import { fits, PREFERRED_WEIGHTS, type Needs, type Snapshot, type SnapshotRecord } from '../copies.ts';
import { readShards } from '../fetch-model.ts';
import { companionsOf, isIndex, moduleConfigsIn, WEIGHT_NAMES, type WeightsPlan } from '../plan-files.ts';
import { sizeOf, type ModelCache, type SnapshotFile } from './model-cache.ts';

/** The copy of a commit; undefined when there is none. */
export async function findSnapshot(
  cache: ModelCache,
  commit: string | undefined,
  needs: Needs,
): Promise<Snapshot | undefined> {
  if (commit === undefined) return undefined;
  const entries = await readdir(cache.snapshot(commit)).catch(() => undefined);
  if (entries === undefined) return undefined;
  const record = await cache.readRecord(commit);
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
  if (needs.weights) missing.push(...(await lookup.missingModules(commit)));
  const companions = await companionsOf(entries);
  const seemsWhole = missing.length === 0 && companions.some((file) => !file.endsWith(CONFIG));
  return { commit, weights: weights.plan, missing, isWhole: false, seemsWhole };
}

const CONFIG = 'config.json';

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
    return { missing: missing ?? [recorded?.file ?? PREFERRED_WEIGHTS] };
  }

  /** Configs of the modules that are listed in modules.json, if there is one. */
  async missingModules(commit: string): Promise<readonly string[]> {
    const store = folderStore(this.cache.snapshot(commit), this.cache.id);
    const list = await readJsonList(store, MODULES_FILE, SETTINGS_LIMIT);
    const configs = moduleConfigsIn(list ?? []);
    const isHere = await Promise.all(configs.map((path) => this.has({ commit, path })));
    return configs.filter((_, i) => !isHere[i]);
  }

  private async missingShards({ file, commit }: WeightsPlan): Promise<readonly string[]> {
    const store = folderStore(this.cache.snapshot(commit), this.cache.id);
    const shards = isIndex(file) ? await readShards(store, file) : [];
    const isHere = await Promise.all(shards.map((path) => this.has({ commit, path })));
    return shards.filter((_, i) => !isHere[i]);
  }
}
