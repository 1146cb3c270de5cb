/** Downloads the files of one commit that the cache lacks. Other calls and other processes share the work. */
import { rename, rm } from 'node:fs/promises';
import { onDisk } from './cache-error.ts';
import { HubClient, type HubClientOptions, type HubFile, type HubRevision } from './client.ts';
import { downloadFile } from './download.ts';
import { FileLock } from './lock.ts';
import { sizeOf, type ModelCache } from './model-cache.ts';
import { companionsOf, isIndex, planFiles, type WeightsPlan } from './plan-files.ts';
import { writeRecord, type RecordedFile } from './record.ts';
import { SharedWork } from './shared-work.ts';
import { readShards, type Needs, type Snapshot } from './snapshot.ts';

/** How far a download has come, in bytes of all files. */
export interface DownloadProgress {
  /** The file that is being downloaded. */
  readonly file: string;
  readonly done: number;
  readonly total: number;
}

/** How the hub is asked, and who is told. */
export interface Access extends HubClientOptions {
  readonly onDownload?: (progress: DownloadProgress) => void;
}

/** Downloads that are under way in this process, by their blobs. */
const downloads = new SharedWork();

/** Whether files of a model are being downloaded by this process. */
export function isDownloading(cache: ModelCache): boolean {
  return downloads.isBusy(cache.blob(''));
}

/** Downloads what the cache lacks of a commit. Errors: those of `hubStore`. */
export async function fetchModel(
  cache: ModelCache,
  remote: HubRevision,
  needs: Needs,
  access: Access,
): Promise<Snapshot> {
  const client = new HubClient(access);
  const { id } = cache;
  const { commit } = remote;
  const hasAll = async (files: readonly HubFile[]): Promise<boolean> => {
    const ofCommit = files.map((file) => ({ ...file, commit }));
    return (await missingFiles(cache, ofCommit)).length === 0;
  };
  const plan = needs.weights
    ? await planFiles(client, id, remote, { conversions: needs.conversions, hasAll })
    : { companions: await companionsOf(remote.files) };
  const weights: WeightsPlan | undefined = 'weights' in plan ? plan.weights : undefined;

  const files = await describeFiles(client, id, commit, plan.companions);
  if (weights !== undefined) {
    files.push(...(await describeFiles(client, id, weights.commit, [weights.file])));
    const [index] = files.slice(-1);
    if (isIndex(weights.file)) {
      // The index is short: only when its shards are listed can the progress of all files be told.
      await fetchFile(cache, index, access, () => {});
      const shards = await readShards(cache, weights.commit, weights.file);
      files.push(...(await describeFiles(client, id, weights.commit, shards)));
    }
  }
  await fetchFiles(cache, files, access);
  await cache.note(async () => {
    if (weights?.revision !== undefined) await cache.writeRef(weights.revision, weights.commit);
    await writeRecord(cache, commit, { files, weights });
  });
  return { commit, weights, missing: [], isWhole: true, seemsWhole: true };
}

async function describeFiles(
  client: HubClient,
  id: string,
  commit: string,
  paths: readonly string[],
): Promise<RecordedFile[]> {
  return (await client.describe(id, commit, paths)).map((file) => ({ ...file, commit }));
}

async function fetchFiles(cache: ModelCache, files: readonly RecordedFile[], access: Access): Promise<void> {
  const missing = await missingFiles(cache, files);
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  let finished = 0;
  for (const file of files) {
    const isMissing = missing.includes(file);
    await fetchFile(cache, file, access, (done) => {
      if (isMissing) access.onDownload?.({ file: file.path, done: finished + done, total });
    });
    if (isMissing) finished += file.size;
  }
}

/** Brings one file into the cache, if it is not there, and links it into the snapshot of its commit. */
async function fetchFile(
  cache: ModelCache,
  file: RecordedFile,
  access: Access,
  onBytes: (done: number) => void,
): Promise<void> {
  if (!(await isWhole(cache, file))) {
    const { signal, attempts = 3 } = access;
    const path = cache.blob(file.hash);
    await downloads.join(path, { signal, onBytes }, async (stop, onBytes) => {
      const isDone = async (): Promise<boolean> => {
        if (await isWhole(cache, file)) return true;
        // While another process downloads, its file shows how far it is.
        onBytes((await sizeOf(cache.incomplete(file.hash))) ?? 0);
        return false;
      };
      const lock = await onDisk(cache.root, () => FileLock.take(cache.lock(file.hash), isDone, stop));
      if (lock === undefined) return;
      try {
        if (await isWhole(cache, file)) return;
        await resumeCut(cache, file);
        const client = new HubClient({ ...access, signal: stop });
        await downloadFile({ client, cache, commit: file.commit, file, attempts, signal: stop, onBytes });
      } finally {
        await lock.release();
      }
    });
    onBytes(file.size);
  }
  await cache.link(file.hash, { commit: file.commit, path: file.path }, file.size);
}

/** A file that a crash cut short is downloaded from its end on. */
async function resumeCut(cache: ModelCache, { hash, size }: HubFile): Promise<void> {
  const [blob, incomplete] = [cache.blob(hash), cache.incomplete(hash)];
  const length = await sizeOf(blob);
  if (length === undefined) return;
  const isUseful = length < size && length > ((await sizeOf(incomplete)) ?? 0);
  await onDisk(cache.root, () => (isUseful ? rename(blob, incomplete) : rm(blob, { force: true })));
}

async function missingFiles(
  cache: ModelCache,
  files: readonly RecordedFile[],
): Promise<readonly RecordedFile[]> {
  const isHere = await Promise.all(files.map((file) => isWhole(cache, file)));
  return files.filter((_, i) => !isHere[i]);
}

/** Whether a file is here with all its bytes. Where systems have no links, Python keeps no blobs. */
async function isWhole(cache: ModelCache, file: RecordedFile): Promise<boolean> {
  const { hash, size } = file;
  return (await sizeOf(cache.pointer(file))) === size || (await sizeOf(cache.blob(hash))) === size;
}
