/** The copies of a model in a cache folder. Other calls and other processes share the work of a download. */
import { rename, rm } from 'node:fs/promises';
import { folderStore } from '../../files/folder-store.ts';
import type { FileStore } from '../../files/file-store.ts';
import { HubClient, type HubFile } from '../client.ts';
import type { Access, Copies, Needs, RecordedFile, Snapshot, SnapshotRecord } from '../copies.ts';
import { SharedWork } from '../shared-work.ts';
import { onDisk } from './cache-error.ts';
import { downloadFile } from './download.ts';
import { FileLock } from './lock.ts';
import { sizeOf, type ModelCache } from './model-cache.ts';
import { findSnapshot } from './snapshot.ts';

/** Downloads that are under way in this process, by their blobs. */
const downloads = new SharedWork();

/** Whether files of a model are being downloaded by this process. */
export function isDownloading(cache: ModelCache): boolean {
  return downloads.isBusy(cache.blob(''));
}

/** The copies of a model in the cache folder of Hugging Face's libraries. */
export class FolderCopies implements Copies {
  readonly id: string;
  readonly place: string;
  private readonly cache: ModelCache;

  constructor(cache: ModelCache) {
    this.cache = cache;
    this.id = cache.id;
    this.place = `the cache ${cache.root}`;
  }

  commitOf(revision: string): Promise<string | undefined> {
    return this.cache.commitOf(revision);
  }

  rememberRevision(revision: string, commit: string): Promise<void> {
    return this.cache.writeRef(revision, commit);
  }

  find(commit: string | undefined, needs: Needs): Promise<Snapshot | undefined> {
    return findSnapshot(this.cache, commit, needs);
  }

  remember(commit: string, record: SnapshotRecord): Promise<void> {
    return this.cache.writeRecord(commit, record);
  }

  files(commit: string): FileStore {
    return folderStore(this.cache.snapshot(commit), this.id);
  }

  /** Where systems have no links, Python keeps no blobs. */
  async has(file: RecordedFile): Promise<boolean> {
    const { hash, size } = file;
    return (
      (await sizeOf(this.cache.pointer(file))) === size || (await sizeOf(this.cache.blob(hash))) === size
    );
  }

  /** Brings one file into the cache, and links it into the snapshot of its commit. */
  async bring(file: RecordedFile, access: Access, onBytes: (done: number) => void): Promise<void> {
    const { cache } = this;
    if (!(await this.has(file))) {
      await downloads.join(cache.blob(file.hash), { signal: access.signal, onBytes }, (stop, onBytes) =>
        this.download(file, { ...access, signal: stop }, onBytes),
      );
      onBytes(file.size);
    }
    await cache.link(file.hash, file, file.size);
  }

  private async download(
    file: RecordedFile,
    access: Access & { readonly signal: AbortSignal },
    onBytes: (done: number) => void,
  ): Promise<void> {
    const { cache, id } = this;
    const { signal, attempts = 3 } = access;
    const isDone = async (): Promise<boolean> => {
      if (await this.has(file)) return true;
      // While another process downloads, its file shows how far it is.
      onBytes((await sizeOf(cache.incomplete(file.hash))) ?? 0);
      return false;
    };
    const lock = await onDisk(cache.root, () => FileLock.take(cache.lock(file.hash), isDone, signal));
    if (lock === undefined) return;
    try {
      if (await this.has(file)) return;
      await resumeCut(cache, file);
      const client = new HubClient(access);
      await downloadFile(cache, { client, id, file, attempts, signal, onBytes });
    } finally {
      await lock.release();
    }
  }
}

/** A file that a crash cut short is downloaded from its end on. */
async function resumeCut(cache: ModelCache, { hash, size }: HubFile): Promise<void> {
  const [blob, incomplete] = [cache.blob(hash), cache.incomplete(hash)];
  const length = await sizeOf(blob);
  if (length === undefined) return;
  const isUseful = length < size && length > ((await sizeOf(incomplete)) ?? 0);
  await onDisk(cache.root, () => (isUseful ? rename(blob, incomplete) : rm(blob, { force: true })));
}
