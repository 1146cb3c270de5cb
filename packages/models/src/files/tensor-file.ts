/** Files of tensors in any of their forms, behind one interface. */
import type { Tensor } from '@attn/core';
import type { SafetensorsFile, SafetensorsSource } from '@attn/safetensors';
import { openSafetensors } from '@attn/safetensors';
import type { TorchFile } from '@attn/torch';
import type { TensorFile } from './file-store.ts';

/** What a file needs beside its tensors: its end, and ways to read later. */
type Handle = Pick<TensorFile, 'dispose' | 'lazyTensor' | 'lazyBytes'>;

/** True for the names of files that PyTorch writes. */
export function isTorchFile(name: string): boolean {
  return /\.(bin|pt|pth|ckpt)$/.test(name);
}

/**
 * Opens a file of tensors of any source. `@attn/torch` is loaded only for PyTorch's files. Errors:
 * `MALFORMED_FILE`, `UNSUPPORTED`, and those of the source.
 */
export async function openTensors(file: string, source: SafetensorsSource): Promise<TensorFile> {
  const handle = { dispose: async () => {} };
  if (!isTorchFile(file)) return ofSafetensors(await openSafetensors(source), handle);
  const { openTorch } = await import('@attn/torch');
  return ofTorch(await openTorch(source), handle);
}

/** A .safetensors file. */
export function ofSafetensors(file: SafetensorsFile, handle: Handle): TensorFile {
  return { format: 'safetensors', ...file, ...handle };
}

/** PyTorch's own file. */
export function ofTorch(file: TorchFile, handle: Handle): TensorFile {
  return {
    format: `torch-${file.format}`,
    names: file.names,
    metadata: new Map(),
    has: (name) => file.has(name),
    spec: (name) => file.spec(name),
    tensor: (name): Promise<Tensor> => file.tensor(name),
    bytes: (name) => file.bytes(name),
    ...handle,
  };
}
