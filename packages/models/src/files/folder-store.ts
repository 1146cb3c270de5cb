/** Files in a folder on disk, for Node. Tensors are read by position from an open file. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AttnError } from '@attn/core';
import { aString, checkArgument } from '@attn/core/backend';
import { openSafetensorsFile } from '@attn/safetensors/node';
import { tooLongError, type FileStore, type TensorFile } from './file-store.ts';
import { isTorchFile, ofSafetensors, ofTorch } from './tensor-file.ts';

/**
 * The files in a folder on disk, for `loadFrom` and `openCheckpoint`. `name` is for messages. Errors:
 * `INVALID_ARGUMENT`.
 *
 * @example
 * const checkpoint = await openCheckpoint(folderStore('models/roberta-base'));
 */
export function folderStore(folder: string, name: string = folder): FileStore {
  checkArgument('models/folderStore', 'folder', folder, aString);
  checkArgument('models/folderStore', 'name', name, aString);
  return {
    name,
    place: { name, folder: resolve(folder) },
    has: async (file) => (await sizeOf(join(folder, file))) !== undefined,
    bytes: async (file, limit) => {
      const path = join(folder, file);
      const size = await sizeOf(path);
      if (size === undefined) return undefined;
      if (size > limit) throw tooLongError(name, file, limit);
      return readFile(path).catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new AttnError('INVALID_ARGUMENT', 'models/load', `could not read ${path}: ${reason}`, {
          cause,
        });
      });
    },
    tensors: (file) => openTensorFile(join(folder, file)),
  };
}

/**
 * Opens a file of tensors on disk, .safetensors or PyTorch's: only names and shapes are read. Errors:
 * `FILE_NOT_FOUND`, `MALFORMED_FILE`, `UNSUPPORTED`, `INVALID_ARGUMENT` (no permission, a folder).
 *
 * @example
 * const file = await openTensorFile('pytorch_model.bin');
 * console.log(file.format, file.names.length);
 * await file.dispose();
 */
export async function openTensorFile(path: string): Promise<TensorFile> {
  checkArgument('models/openTensorFile', 'path', path, aString);
  if (!isTorchFile(path)) {
    const file = await openSafetensorsFile(path);
    return ofSafetensors(file, {
      lazyTensor: async (name) => file.lazyTensor(name),
      lazyBytes: async (name) => file.lazyBytes(name),
      dispose: () => file.dispose(),
    });
  }
  const { openTorchFile } = await import('@attn/torch/node');
  const file = await openTorchFile(path);
  return ofTorch(file, {
    lazyTensor: (name) => file.lazyTensor(name),
    lazyBytes: (name) => file.lazyBytes(name),
    dispose: () => file.dispose(),
  });
}

async function sizeOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? stats.size : undefined;
}
