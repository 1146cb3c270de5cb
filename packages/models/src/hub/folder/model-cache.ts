/**
 * The folder of one model in the cache of Hugging Face's libraries: `models--org--name` has `blobs/<hash>`,
 * links to them in `snapshots/<commit>/…`, and the commits of branches in `refs/<branch>`. Our own files
 * have names that those libraries pass over.
 */
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { onDisk } from './cache-error.ts';
import type { SnapshotRecord } from '../copies.ts';
import { isCommit } from '../names.ts';
import { parseRecord } from '../record.ts';

/** A file in a snapshot. */
export interface SnapshotFile {
  readonly commit: string;
  readonly path: string;
}

/** Paths in the cache folder of a model, and the few ways to change it. */
export class ModelCache {
  /** The folder of all models. */
  readonly root: string;
  readonly id: string;
  /** The folder of this model. */
  readonly folder: string;

  constructor(root: string, id: string) {
    this.root = root;
    this.id = id;
    this.folder = join(root, folderNameOf(id));
  }

  blob(hash: string): string {
    return join(this.folder, 'blobs', hash);
  }

  /** Where a download collects its bytes. Python's has another name, so that neither spoils the other's. */
  incomplete(hash: string): string {
    return join(this.folder, 'blobs', `${hash}.attn-incomplete`);
  }

  /** The folder of all locks of this model. */
  get locks(): string {
    return join(this.root, '.locks', folderNameOf(this.id));
  }

  lock(hash: string): string {
    return join(this.locks, `${hash}${LOCK_ENDING}`);
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  pointer({ commit, path }: SnapshotFile): string {
    return join(this.snapshot(commit), path);
  }

  /** What the hub said about the files of a commit; undefined when it is not noted. */
  async readRecord(commit: string): Promise<SnapshotRecord | undefined> {
    return parseRecord(await readFile(this.record(commit), 'utf8').catch(() => ''));
  }

  /**
   * Notes what the hub said about the files of a commit: so it is known without a question whether a copy is
   * whole, and which pull request its weights come from.
   */
  async writeRecord(commit: string, record: SnapshotRecord): Promise<void> {
    await this.note(() => this.write(this.record(commit), JSON.stringify(record, undefined, 2)));
  }

  /** The commit of a revision in the cache. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const text = await readFile(join(this.folder, 'refs', revision), 'utf8').catch(() => '');
    return isCommit(text.trim()) ? text.trim() : undefined;
  }

  /** Remembers the commit of a revision. */
  async writeRef(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(revision)) === commit) return;
    await this.note(() => this.write(join(this.folder, 'refs', revision), commit));
  }

  /**
   * Writes down something without which the files still work: the cache may be read-only. Then the next load
   * asks the hub again.
   */
  private async note(write: () => Promise<void>): Promise<void> {
    await write().catch(() => {});
  }

  private record(commit: string): string {
    return join(this.folder, RECORDS, `${commit}.json`);
  }

  /** Writes a small file in one step: readers see all of it, or the earlier one. */
  private async write(path: string, text: string): Promise<void> {
    await onDisk(this.root, async () => {
      await mkdir(dirname(path), { recursive: true });
      const draft = `${path}.${process.pid}.${crypto.randomUUID()}`;
      try {
        await writeFile(draft, text);
        await rename(draft, path);
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    });
  }

  /**
   * Links a blob into a snapshot, or copies it where the system has no links. The link appears at once, in
   * the place of an old one, so that nobody who has a copy ever finds it gone.
   */
  async link(hash: string, file: SnapshotFile, size: number): Promise<void> {
    const [blob, pointer] = [this.blob(hash), this.pointer(file)];
    await onDisk(this.root, async () => {
      if ((await sizeOf(pointer)) === size) return;
      await mkdir(dirname(pointer), { recursive: true });
      const fresh = `${pointer}.${randomUUID().slice(0, 8)}.tmp`;
      try {
        await symlink(relative(dirname(pointer), blob), fresh).catch(() => copyFile(blob, fresh));
        await rename(fresh, pointer);
      } finally {
        await rm(fresh, { force: true });
      }
    });
  }
}

/** The folder of a model's records. */
export const RECORDS = '.attn';

/** The ending of our locks. */
export const LOCK_ENDING = '.attn-lock';

/** The name of a model's folder: `models--org--name`. */
export function folderNameOf(id: string): string {
  return `models--${id.replace('/', '--')}`;
}

/** The length of a file in bytes; undefined when there is no such file. */
export async function sizeOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? stats.size : undefined;
}
