/**
 * A checkpoint's way from the disk's cache into memory: through `loadModel`, or the bare bytes of its file.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '@attn/models/node';
import type { Candidate, Contestant } from '../contest/protocol.ts';

/**
 * How far: a model whose weights stay on disk until they are needed,
 * one with all of them in memory, the bytes.
 */
export type FilePart = 'load' | 'loadInMemory' | 'read';

/** Makes the contestant: `options` are `folder` and `part`. */
export async function makeFile({ options }: Candidate): Promise<Contestant> {
  const folder = String(options.folder);
  const run =
    options.part === 'read'
      ? () => Promise.resolve(readFileSync(join(folder, 'model.safetensors')))
      : () => loadModel(folder, { inMemory: options.part === 'loadInMemory' });
  return { run, check: () => Promise.resolve(0), dispose: () => Promise.resolve() };
}
