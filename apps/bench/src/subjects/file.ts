/** Loads a checkpoint from the disk's cache or a server: with `loadModel`, or only the bytes of its file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '@attn/core';
import { folderStore, loadModel, openCheckpoint, type WeightDtype } from '@attn/models/node';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';

/**
 * What to load: a model whose weights stay on disk until they are needed, a model with all weights in
 * memory, all tensors, the bytes, or a model whose weights become codes.
 */
export type FilePart = 'load' | 'loadInMemory' | 'tensors' | 'read' | 'quantize';

/**
 * Prepares the subject: `options` are `folder`, which may be a URL, `part`, `weights`, the name of the file,
 * and `dtype`, the form of codes.
 */
export async function makeFile({ options }: Subject): Promise<PreparedSubject> {
  const folder = String(options.folder);
  const dtype = options.dtype as WeightDtype | undefined;
  const runs: Readonly<Record<FilePart, (onProgress?: () => void) => Promise<unknown>>> = {
    load: () => loadModel(folder),
    loadInMemory: () => loadModel(folder, { inMemory: true }),
    tensors: () => allTensors(folder),
    quantize: (onProgress) => loadModel(folder, { dtype, onProgress }),
    read: async () => readFileSync(join(folder, String(options.weights))),
  };
  const run = runs[options.part as FilePart];
  return { run, check: () => Promise.resolve(0), dispose: () => Promise.resolve() };
}

async function allTensors(folder: string): Promise<readonly Tensor[]> {
  await using checkpoint = await openCheckpoint(folderStore(folder));
  const tensors: Tensor[] = [];
  for (const name of checkpoint.names) tensors.push(await checkpoint.tensor(name));
  return tensors;
}
