/**
 * Weights in a temporary file, for sessions that map files into memory. Weights that a checkpoint holds in
 * another form than the one in which they are computed (misaligned, half precision, strided) cannot be
 * mapped where they are. Handed over as arrays, they would be in memory twice while a session opens; written
 * to a file one by one, they are never all in memory.
 */
import { mkdtemp, open, realpath, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttnError } from '@attn/core';
import type { FileSpan } from '@attn/core/backend';
import type { Initializer, Name } from '../model/onnx-model-builder.ts';
import type { SpilledWeights } from './runtime.ts';

/** Bytes that the place of each weight is a multiple of: a page, which can be mapped. */
const ALIGNMENT = 4096;

const FILE = 'weights';

/**
 * Writes weights to a new file, one after the other; undefined where there is no room for it. Errors: those
 * of reading the weights.
 */
export async function spillWeights(
  weights: ReadonlyMap<Name, Initializer>,
): Promise<SpilledWeights | undefined> {
  let folder: string | undefined;
  try {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'attn-weights-')));
    const places = await writeWeights(folder, weights);
    return { folder, places, dispose: () => removed(folder) };
  } catch (error) {
    await removed(folder);
    if (error instanceof AttnError) throw error;
    return undefined; // The disk is full or read-only: the weights go through memory.
  }
}

async function writeWeights(
  folder: string,
  weights: ReadonlyMap<Name, Initializer>,
): Promise<ReadonlyMap<Name, FileSpan>> {
  const file = await open(join(folder, FILE), 'wx', 0o600);
  try {
    const places = new Map<Name, FileSpan>();
    let byteOffset = 0;
    for (const [name, { bytes, byteLength }] of weights) {
      await writeAt(file, bytes(), byteOffset);
      places.set(name, { folder, name: FILE, byteOffset, byteLength, verify: () => {} });
      byteOffset += Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
    }
    return places;
  } finally {
    await file.close();
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}

/** Windows keeps files that are mapped: those are removed when their session is released. */
async function removed(folder: string | undefined): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => {});
}
