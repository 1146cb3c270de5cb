/** Downloads the files of one commit that a place lacks. */
import { readJson, type FileStore } from '../files/file-store.ts';
import { INDEX_LIMIT } from '../files/open-checkpoint.ts';
import { HubClient, type HubFile, type HubRevision } from './client.ts';
import type { Access, Copies, Needs, RecordedFile, Snapshot } from './copies.ts';
import { companionsOf, isIndex, planFiles, shardsIn, type WeightsPlan } from './plan-files.ts';

/** Downloads what a place lacks of a commit. Errors: those of `hubStore`. */
export async function fetchModel(
  copies: Copies,
  remote: HubRevision,
  needs: Needs,
  access: Access,
): Promise<Snapshot> {
  const client = new HubClient(access);
  const { id } = copies;
  const { commit } = remote;
  const hasAll = async (files: readonly HubFile[]): Promise<boolean> =>
    (await missingFiles(copies, ofCommit(files, commit))).length === 0;
  const plan = needs.weights
    ? await planFiles(client, id, remote, { conversions: needs.conversions, hasAll })
    : { companions: await companionsOf(remote.files) };
  const weights: WeightsPlan | undefined = 'weights' in plan ? plan.weights : undefined;

  const describe = async (commit: string, paths: readonly string[]): Promise<RecordedFile[]> =>
    ofCommit(await client.describe(id, commit, paths), commit);
  const files = await describe(commit, plan.companions);
  if (weights !== undefined) {
    files.push(...(await describe(weights.commit, [weights.file])));
    const [index] = files.slice(-1);
    if (isIndex(weights.file)) {
      // The index is short: only when its shards are listed can the progress of all files be told.
      await copies.bring(index, access, () => {});
      const shards = await readShards(copies.files(weights.commit), weights.file);
      files.push(...(await describe(weights.commit, shards)));
    }
  }
  await bringAll(copies, files, access);
  if (weights?.revision !== undefined) await copies.rememberRevision(weights.revision, weights.commit);
  await copies.remember(commit, { files, weights });
  return { commit, weights, missing: [], isWhole: true, seemsWhole: true };
}

/** The shards that an index lists. Errors: `MALFORMED_FILE`. */
export async function readShards(store: FileStore, index: string): Promise<readonly string[]> {
  return shardsIn((await readJson(store, index, INDEX_LIMIT)) ?? {});
}

async function bringAll(copies: Copies, files: readonly RecordedFile[], access: Access): Promise<void> {
  const missing = await missingFiles(copies, files);
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  await copies.prepare?.(total);
  let finished = 0;
  for (const file of files) {
    const isMissing = missing.includes(file);
    await copies.bring(file, access, (done) => {
      if (isMissing) access.onDownload?.({ file: file.path, done: finished + done, total });
    });
    if (isMissing) finished += file.size;
  }
}

async function missingFiles(
  copies: Copies,
  files: readonly RecordedFile[],
): Promise<readonly RecordedFile[]> {
  const isHere = await Promise.all(files.map((file) => copies.has(file)));
  return files.filter((_, i) => !isHere[i]);
}

function ofCommit(files: readonly HubFile[], commit: string): RecordedFile[] {
  return files.map((file) => ({ ...file, commit }));
}
