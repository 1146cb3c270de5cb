/** Files that a user has picked or dropped on a page: `File` objects, or the handle of a folder. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { SafetensorsSource } from '@attn/safetensors';
import { kindOf } from '../kind-of.ts';
import { tooLongError, type FileStore } from './file-store.ts';
import { openTensors } from './tensor-file.ts';

/** The part of a `FileSystemDirectoryHandle` that is used. */
export interface DirectoryHandle {
  readonly kind: 'directory';
  readonly name: string;
  getDirectoryHandle(name: string): Promise<DirectoryHandle>;
  getFileHandle(name: string): Promise<{ getFile(): Promise<File> }>;
}

/** Files that a user has picked: a `FileList`, an array, or the folder that `showDirectoryPicker` returns. */
export type PickedFiles = Iterable<File> | ArrayLike<File> | DirectoryHandle;

const WHERE = 'models/load';

/** True for what `blobStore` takes, as far as the outside shows. */
export function isPicked(value: unknown): value is PickedFiles {
  if (isDirectory(value)) return true;
  const files = filesIn(value);
  return files.length > 0 && files.every((file) => kindOf(file) === 'File');
}

/**
 * The files that a user has picked, for `loadFrom` and `openCheckpoint`. Files of a picked folder are found
 * by their names in the folder of config.json, wherever in the picked folder that is. Nothing is read before
 * it is asked for.
 *
 * Errors: `INVALID_ARGUMENT` for anything but files; later for a file that cannot be read any more.
 *
 * @example
 * const input = document.querySelector<HTMLInputElement>('input[type=file]');
 * const checkpoint = await openCheckpoint(blobStore(input?.files ?? []));
 */
export function blobStore(files: PickedFiles): FileStore {
  if (isDirectory(files)) return storeOf(`the folder ${files.name}`, (name) => fileIn(files, name));
  if (!isPicked(files)) {
    const message = `the source must be at least one File, or the handle of a folder, got ${show(files)}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  const byPath = new Map(filesIn(files).map((file) => [file.webkitRelativePath || file.name, file]));
  const paths = [...byPath.keys()].toSorted((a, b) => a.length - b.length);
  const root = /^(.*\/)?config\.json$/.exec(paths.find((path) => /(^|\/)config\.json$/.test(path)) ?? '');
  return storeOf('the picked files', async (name) => byPath.get(`${root?.[1] ?? ''}${name}`));
}

function storeOf(name: string, find: (file: string) => Promise<File | undefined>): FileStore {
  return {
    name,
    has: async (file) => (await find(file)) !== undefined,
    bytes: async (file, limit) => {
      const content = await find(file);
      if (content === undefined) return undefined;
      if (content.size > limit) throw tooLongError(name, file, limit);
      return readSlice(content, 0, content.size);
    },
    tensors: async (file) => {
      const content = await find(file);
      if (content !== undefined) return openTensors(file, blobSource(content, file));
      throw new AttnError('FILE_NOT_FOUND', WHERE, `there is no ${file} in ${name}`);
    },
  };
}

function blobSource(blob: Blob, name: string): SafetensorsSource {
  return { size: blob.size, name, read: (offset, length) => readSlice(blob, offset, length, name) };
}

async function readSlice(
  blob: Blob & { readonly name?: string },
  offset: number,
  length: number,
  name = blob.name,
): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
  } catch (cause) {
    // A file on disk that has changed or gone since it was picked.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttnError('INVALID_ARGUMENT', WHERE, `could not read ${name}: ${reason}`, { cause });
  }
}

/** The file of a path under a folder; undefined when there is none. */
async function fileIn(folder: DirectoryHandle, path: string): Promise<File | undefined> {
  const names = path.split('/');
  try {
    let place = folder;
    for (const name of names.slice(0, -1)) place = await place.getDirectoryHandle(name);
    return await (await place.getFileHandle(names[names.length - 1])).getFile();
  } catch (cause) {
    const { name, message } = Object(cause) as Partial<Error>;
    if (name === 'NotFoundError' || name === 'TypeMismatchError') return undefined;
    const sentence = `could not read ${path} of the folder ${folder.name}: ${message}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, sentence, { cause });
  }
}

function isDirectory(value: unknown): value is DirectoryHandle {
  try {
    return Object(value).kind === 'directory' && typeof Object(value).getFileHandle === 'function';
  } catch {
    return false;
  }
}

/** The items of a list; none of anything else. */
function filesIn(value: unknown): readonly File[] {
  try {
    return typeof value === 'object' && value !== null ? Array.from(value as ArrayLike<File>) : [];
  } catch {
    return [];
  }
}
