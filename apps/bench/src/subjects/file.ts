/** Loads a checkpoint from the disk's cache: with `loadModel`, or only the bytes of its file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '@attn/models/node';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';

/**
 * What to load: a model whose weights stay on disk until they are
 * needed, a model with all weights in memory, or the bytes.
 */
export type FilePart = 'load' | 'loadInMemory' | 'read';

/** Prepares the subject: `options` are `folder` and `part`. */
export async function makeFile({ options }: Subject): Promise<PreparedSubject> {
  const folder = String(options.folder);
  const run =
    options.part === 'read'
      ? () => Promise.resolve(readFileSync(join(folder, 'model.safetensors')))
      : () => loadModel(folder, { inMemory: options.part === 'loadInMemory' });
  return { run, check: () => Promise.resolve(0), dispose: () => Promise.resolve() };
}
