/**
 * Weights in a temporary file, for sessions that map files into memory. Weights that a checkpoint holds in
 * another form than the one in which they are computed (misaligned, half precision, strided) cannot be
 * mapped where they are. Handed over as arrays, they would be in memory twice while a session opens; written
 * to a file one by one, they are never all in memory.
 */
import { mkdtemp, open, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttnError } from '@attn/core';
import type { FileSpan } from '@attn/core/backend';
import { DATA_ALIGNMENT, LARGE_BYTES } from '../model/encode.ts';
import type { Initializer, Name } from '../model/values.ts';
import type { OrtSession, SpilledWeights } from './runtime.ts';

const FILE = 'weights';

/**
 * Weights of more bytes in all go through a file. A few may as well be arrays, though the system keeps much
 * of the memory of arrays that are no longer used.
 */
const MOST_IN_MEMORY = 8 * 2 ** 20;

/**
 * Writes large weights to a new file, one after the other; undefined where most are in memory already, and
 * where there is no room for the file. Errors: those of reading the weights.
 */
export async function spillWeights(
  initializers: ReadonlyMap<Name, Initializer>,
): Promise<SpilledWeights | undefined> {
  const weights = [...initializers].filter(([, { byteLength }]) => byteLength >= LARGE_BYTES);
  const lazyBytes = weights.reduce((sum, [, { isLazy, byteLength }]) => sum + (isLazy ? byteLength : 0), 0);
  if (lazyBytes <= MOST_IN_MEMORY) return undefined;
  let folder: string | undefined;
  // Windows keeps files that are mapped: those are removed when their session is released.
  const dispose = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => {});
  };
  try {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'attn-weights-')));
    const places = await writeWeights(folder, weights);
    const until = (session: OrtSession): OrtSession => ({
      run: (feeds) => session.run(feeds),
      release: () => session.release().then(dispose),
    });
    return { folder, places, until, dispose };
  } catch (error) {
    await dispose();
    if (error instanceof AttnError) throw error;
    return undefined; // The disk is full or read-only: the weights go through memory.
  }
}

async function writeWeights(
  folder: string,
  weights: readonly (readonly [Name, Initializer])[],
): Promise<ReadonlyMap<Name, FileSpan>> {
  const file = await open(join(folder, FILE), 'wx', 0o600);
  try {
    const places = new Map<Name, FileSpan>();
    let byteOffset = 0;
    for (const [name, { bytes, byteLength }] of weights) {
      places.set(name, { folder, name: FILE, byteOffset, byteLength, verify: () => {} });
      const end = byteOffset + byteLength;
      byteOffset = Math.ceil(end / DATA_ALIGNMENT) * DATA_ALIGNMENT;
      await file.writeFile(bytes());
      await file.writeFile(new Uint8Array(byteOffset - end));
    }
    return places;
  } finally {
    await file.close();
  }
}
