/** Writes a checkpoint to a folder that other libraries can read, for Node. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AttnError, type Tensor } from '@attn/core';
import {
  aString,
  checkArgument,
  checkOptions,
  show,
  throwIfAborted,
  withCallbacks,
} from '@attn/core/backend';
import { writeSafetensorsFile } from '@attn/safetensors/node';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { READ_OPTIONS, type ReadOptions } from '../checkpoint/read-weights.ts';
import { aCheckpoint } from '../argument-kinds.ts';
import { WEIGHTS } from './open-checkpoint.ts';

const WHERE = 'models/write';

/**
 * Writes config.json and model.safetensors. All tensors are in memory at once. The checkpoint stays open.
 *
 * Errors: `INVALID_ARGUMENT` (no folder can be made there), `ABORTED`,
 * `INTERNAL` (disk full), and the errors of reading the checkpoint.
 *
 * @example
 * await using checkpoint = await openCheckpoint(folderStore('roberta-base'));
 * await writeCheckpoint('roberta-base-4096', toLongformer(checkpoint));
 */
export async function writeCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
  options: ReadOptions = {},
): Promise<void> {
  checkArgument(WHERE, 'folder', folder, aString);
  checkArgument(WHERE, 'checkpoint', checkpoint, aCheckpoint);
  const { signal, onProgress } = checkOptions(WHERE, options, READ_OPTIONS);
  await withCallbacks({ onProgress }, signal, (callbacks, stop) =>
    write(folder, checkpoint, { ...callbacks, signal: stop }),
  );
}

async function write(
  folder: string,
  checkpoint: Checkpoint,
  { signal, onProgress }: ReadOptions,
): Promise<void> {
  const total = checkpoint.names.reduce((sum, name) => sum + checkpoint.spec(name).byteLength, 0);
  const tensors = new Map<string, Tensor>();
  let done = 0;
  for (const name of checkpoint.names) {
    throwIfAborted(signal, WHERE);
    onProgress?.({ done, total });
    tensors.set(name, await checkpoint.tensor(name));
    done += checkpoint.spec(name).byteLength;
  }
  onProgress?.({ done, total });
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'config.json'), `${JSON.stringify(checkpoint.config, undefined, 2)}\n`);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AttnError('INVALID_ARGUMENT', WHERE, `could not write to ${show(folder)}: ${reason}`, {
      cause,
    });
  }
  await writeSafetensorsFile(join(folder, WEIGHTS), tensors, { metadata: { format: 'pt' }, signal });
}
