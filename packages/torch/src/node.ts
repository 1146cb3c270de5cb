/** Checkpoints on disk, for Node. */
import type { DType } from '@attn/core';
import { lazyTensor, type FileSpan, type LazyTensor, type WithAsyncDispose } from '@attn/core/backend';
import { decodeTensor, DTYPE_IN_FILE } from '@attn/safetensors';
import { DiskFile } from '@attn/safetensors/node';
import { openCheckpoint, type TorchFile } from './read.ts';

/** An open checkpoint on disk. Tensors that were read stay valid when it is disposed. */
export interface TorchDiskFile extends TorchFile, WithAsyncDispose {
  /**
   * A tensor that is read when its data is asked for, and read again when nobody
   * holds that data any more. It can be read after this file is disposed. Its data
   * throws `MALFORMED_FILE` if the file on disk has changed. Errors: `MISSING_INPUT`, `MALFORMED_FILE`.
   */
  lazyTensor(name: string): Promise<LazyTensor>;
  /** A tensor's elements, little-endian and row-major, which are read as those of `lazyTensor` are. */
  lazyBytes(name: string): Promise<LazyTensor<'u8'>>;
}

/**
 * Opens a checkpoint on disk without reading its tensors; see `openTorch` for what is refused.
 *
 * Errors: `FILE_NOT_FOUND`, `MALFORMED_FILE`, `INVALID_ARGUMENT` (no permission, a folder).
 *
 * @example
 * await using file = await openTorchFile('pytorch_model.bin');
 * const words = await file.lazyTensor('embeddings.word_embeddings.weight');
 */
export async function openTorchFile(path: string): Promise<TorchDiskFile> {
  const disk = await DiskFile.open(path, 'torch/read');
  try {
    const file = await openCheckpoint(disk);
    return Object.assign(file, {
      lazyTensor: (name: string) => lazyTensorOf(disk, file, name),
      lazyBytes: (name: string) => lazyBytesOf(disk, file, name),
      dispose: () => disk.dispose(),
      [Symbol.asyncDispose]: () => disk.dispose(),
    });
  } catch (error) {
    await disk.dispose();
    throw error;
  }
}

/** Bytes that every number of a mapped file must be a multiple of from its start. */
const ALIGNMENT = 4;

/** What is read of a tensor later. */
interface Later {
  /** Reads the elements. */
  readonly read: () => Uint8Array;
  /** The place of the elements, where the file has them as they are. */
  readonly span: FileSpan | undefined;
}

async function laterOf(disk: DiskFile, file: OpenCheckpoint, name: string): Promise<Later> {
  const { offset, byteLength, elements } = await file.place(name);
  const range = await file.range(name);
  const isMappable = range !== undefined && range.offset % ALIGNMENT === 0;
  return {
    read: () => elements(disk.readNow(offset, byteLength)),
    span: isMappable ? disk.span(range.offset, range.byteLength) : undefined,
  };
}

async function lazyTensorOf(disk: DiskFile, file: OpenCheckpoint, name: string): Promise<LazyTensor> {
  const { fileDtype, dtype, shape } = file.spec(name);
  const { read, span } = await laterOf(disk, file, name);
  const readData = () => decodeTensor(fileDtype, shape, read(), name, 'torch/read').data;
  const isAsStored = DTYPE_IN_FILE[dtype] === fileDtype;
  return lazyTensor<DType>({ dtype, shape }, readData, isAsStored ? span : undefined);
}

async function lazyBytesOf(disk: DiskFile, file: OpenCheckpoint, name: string): Promise<LazyTensor<'u8'>> {
  const { read, span } = await laterOf(disk, file, name);
  return lazyTensor({ dtype: 'u8', shape: [file.spec(name).byteLength] }, read, span);
}

type OpenCheckpoint = Awaited<ReturnType<typeof openCheckpoint>>;
