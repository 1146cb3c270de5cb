/** The copies of a model in the cache of a browser. Calls of one page, and other pages, share a download. */
import { AttnError } from '@attn/core';
import { clock, throwIfAborted } from '@attn/core/backend';
import type { SafetensorsSource } from '@attn/safetensors';
import { tooLongError, type FileStore } from '../../files/file-store.ts';
import { openTensors } from '../../files/tensor-file.ts';
import { HubClient } from '../client.ts';
import {
  fits,
  PREFERRED_WEIGHTS,
  type Access,
  type Copies,
  type Needs,
  type RecordedFile,
  type Snapshot,
  type SnapshotRecord,
} from '../copies.ts';
import { isCommit, malformed, WHERE } from '../names.ts';
import { receiveAll } from '../receive.ts';
import { parseRecord } from '../record.ts';
import { SharedWork } from '../shared-work.ts';
import { hashFault } from './hash-fault.ts';
import { PartSink } from './part-sink.ts';
import { CacheFullError, PART_BYTES, partsOf, partUrl, type PartCache } from './parts.ts';

/** Downloads that are under way on this page, by their addresses. */
const downloads = new SharedWork();

/** Milliseconds between two looks at a download of another page. */
const LOOK_MS = 500;

/** The copies of a model of a hub in the cache of a browser. */
export class PageCopies implements Copies {
  readonly id: string;
  readonly place = "the browser's cache";
  private readonly cache: PartCache;
  /** The address of the model on its hub. */
  private readonly url: string;

  constructor(cache: PartCache, id: string, hubUrl: string) {
    this.cache = cache;
    this.id = id;
    this.url = `${hubUrl}/${id}/resolve`;
  }

  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const commit = await (await this.cache.get(this.revisionUrl(revision)))?.text();
    return isCommit(commit) ? commit : undefined;
  }

  async rememberRevision(revision: string, commit: string): Promise<void> {
    if ((await this.commitOf(revision)) === commit) return;
    await this.cache.put(this.id, this.revisionUrl(revision), commit).catch(() => {});
  }

  async find(commit: string | undefined, needs: Needs): Promise<Snapshot | undefined> {
    if (commit === undefined) return undefined;
    const text = await (await this.cache.get(this.recordUrl(commit)))?.text();
    const record = parseRecord(text ?? '');
    if (record === undefined) return undefined;
    const missing = fits(record, needs) ? [] : [PREFERRED_WEIGHTS];
    for (const file of record.files) if (!(await this.has(file))) missing.push(file.path);
    const isWhole = missing.length === 0;
    return { commit, weights: record.weights, missing, isWhole, seemsWhole: isWhole };
  }

  async has({ commit, path, size }: RecordedFile): Promise<boolean> {
    return (await this.cache.partCount(this.fileUrl(commit, path))) >= partsOf(size);
  }

  /** Refuses at once what the browser has no room for. */
  async prepare(bytes: number): Promise<void> {
    const { quota, usage = 0 } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
    if (quota === undefined || bytes <= quota - usage) return;
    const message = `the browser's cache has room for ${quota - usage} bytes, and ${this.id} needs ${bytes}`;
    throw new CacheFullError(message);
  }

  async bring(file: RecordedFile, access: Access, onBytes: (done: number) => void): Promise<void> {
    if (await this.has(file)) return;
    const { signal } = access;
    await downloads.join(this.fileUrl(file.commit, file.path), { signal, onBytes }, (stop, onBytes) =>
      this.download(file, { ...access, signal: stop }, onBytes),
    );
    onBytes(file.size);
  }

  async remember(commit: string, record: SnapshotRecord): Promise<void> {
    await this.cache.put(this.id, this.recordUrl(commit), JSON.stringify(record)).catch(() => {});
  }

  files(commit: string): FileStore {
    const sizeOf = async (file: string): Promise<number | undefined> => {
      const url = this.fileUrl(commit, file);
      const count = await this.cache.partCount(url);
      if (count === 0) return undefined;
      const last = await this.cache.get(partUrl(url, count - 1));
      return (count - 1) * PART_BYTES + (last?.size ?? 0);
    };
    const read = (file: string, offset: number, length: number): Promise<Uint8Array> =>
      this.read(this.fileUrl(commit, file), offset, length);
    const source = (file: string, size: number): SafetensorsSource => ({
      size,
      name: file,
      read: (offset, length) => read(file, offset, length),
    });
    const { id } = this;
    return {
      name: id,
      has: async (file) => (await sizeOf(file)) !== undefined,
      bytes: async (file, limit) => {
        const size = await sizeOf(file);
        if (size === undefined) return undefined;
        if (size > limit) throw tooLongError(id, file, limit);
        return read(file, 0, size);
      },
      tensors: async (file) => {
        const size = await sizeOf(file);
        if (size !== undefined) return openTensors(file, source(file, size));
        throw new AttnError('FILE_NOT_FOUND', WHERE, `there is no ${file} of ${id} in ${this.place}`);
      },
    };
  }

  private async download(
    file: RecordedFile,
    access: Access & { readonly signal: AbortSignal },
    onBytes: (done: number) => void,
  ): Promise<void> {
    const { cache, id } = this;
    const { signal, attempts = 3 } = access;
    const url = this.fileUrl(file.commit, file.path);
    const sink = new PartSink({ cache, id, url, size: file.size, onBytes });
    await withLock(url, signal, { look: () => sink.length(), onLook: onBytes }, async () => {
      if (await this.has(file)) return;
      for (let isAgain = false; ; isAgain = true) {
        const download = { client: new HubClient(access), id, file, attempts, signal, onBytes };
        const fault = (await receiveAll(download, sink)) ?? (await this.faultOf(file, url));
        if (fault === undefined) return;
        await sink.clear();
        if (isAgain) throw malformed(`${file.path} of ${id} ${fault}, twice; it was deleted`);
      }
    });
  }

  /** What is wrong with the hash of a file. It is looked at where the file is one part. */
  private async faultOf({ size, hash }: RecordedFile, url: string): Promise<string | undefined> {
    return size > PART_BYTES ? undefined : hashFault(await this.read(url, 0, size), hash);
  }

  private async read(url: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = offset + done;
      const part = Math.floor(at / PART_BYTES);
      const blob = await this.cache.get(partUrl(url, part));
      const start = at - part * PART_BYTES;
      const piece = await blob?.slice(start, start + length - done).arrayBuffer();
      if (!piece?.byteLength) {
        const message = `${url} is no longer whole in ${this.place}: load ${this.id} again`;
        throw new AttnError('FILE_NOT_FOUND', WHERE, message);
      }
      bytes.set(new Uint8Array(piece), done);
      done += piece.byteLength;
    }
    return bytes;
  }

  private fileUrl(commit: string, file: string): string {
    return `${this.url}/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`;
  }

  private recordUrl(commit: string): string {
    return `${this.url}/${commit}?attn-record`;
  }

  private revisionUrl(revision: string): string {
    return `${this.url}/${encodeURIComponent(revision)}?attn-revision`;
  }
}

/** The lock of a model's download, by which pages of one origin take turns. */
export const LOCK_PREFIX = 'attn-models ';

/** Does something while no other page does the same, where the browser has locks. */
async function withLock(
  url: string,
  signal: AbortSignal,
  meanwhile: { look(): Promise<number>; onLook(done: number): void },
  action: () => Promise<void>,
): Promise<void> {
  // Deno has no locks.
  if (globalThis.navigator?.locks === undefined) return action();
  let isWaiting = true;
  const wait = async (): Promise<void> => {
    for (; isWaiting; await clock.sleep(LOOK_MS)) {
      const done = await meanwhile.look();
      if (isWaiting) meanwhile.onLook(done);
    }
  };
  void wait().catch(() => {});
  try {
    await navigator.locks.request(`${LOCK_PREFIX}${url}`, { signal }, async () => {
      isWaiting = false;
      await action();
    });
  } catch (error) {
    throwIfAborted(signal, WHERE);
    throw error;
  } finally {
    isWaiting = false;
  }
}
