/** A checkpoint's way from the disk's cache into memory: through `loadModel`, or the bare bytes of its file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '@attn/models/node';
import type { Candidate, Contestant } from '../contest/protocol.ts';

/** Makes the contestant: `options` are `folder`, and `part`, which is `load` or `read`. */
export async function makeFile({ options }: Candidate): Promise<Contestant> {
  const folder = String(options.folder);
  const run =
    options.part === 'load'
      ? () => loadModel(folder)
      : () => Promise.resolve(readFileSync(join(folder, 'model.safetensors')));
  return { run, check: () => Promise.resolve(0), dispose: () => Promise.resolve() };
}
