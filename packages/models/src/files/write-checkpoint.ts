/** Writes a checkpoint to a folder that other libraries can read, for Node. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AttnError, type JsonObject, type Tensor } from '@attn/core';
import { anObject, aString, checkArgument, checkOptions, show, type OptionKinds } from '@attn/core/backend';
import { DTYPE_IN_FILE, FILE_DTYPES } from '@attn/safetensors';
import { writeStoredTensors, type StoredTensor } from '@attn/safetensors/node';
import { aCheckpoint } from '../argument-kinds.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { READ_OPTIONS, type ReadOptions } from '../checkpoint/read-weights.ts';
import { SavedCodes } from './saved-codes.ts';
import { WEIGHTS } from './open-checkpoint.ts';
import { QUANTIZATION } from './quantization-key.ts';
import { quantizationText, type StoredFormat } from './stored-codes.ts';

const WHERE = 'models/write';

/** Options of `writeCheckpoint`. */
export interface WriteCheckpointOptions extends Pick<ReadOptions, 'signal' | 'onProgress'> {
  /** Files to write beside the weights, by name. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

const { signal: aSignalKind, onProgress: onProgressKind } = READ_OPTIONS;
const OPTIONS: OptionKinds<WriteCheckpointOptions> = {
  signal: aSignalKind,
  onProgress: onProgressKind,
  files: anObject,
};

/**
 * Writes config.json and model.safetensors, in the dtypes in which the checkpoint has its tensors; of those
 * that are quantised, the codes. One tensor is in memory at a time, beside up to 256 MB of codes. A folder
 * that is new or empty appears when everything is in it; in another folder, files of these names are
 * replaced. The checkpoint stays open.
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
  options: WriteCheckpointOptions = {},
): Promise<void> {
  checkArgument(WHERE, 'folder', folder, aString);
  checkArgument(WHERE, 'checkpoint', checkpoint, aCheckpoint);
  const checked = checkOptions(WHERE, options, OPTIONS);
  const entries = await onDisk(folder, () => readdir(folder).catch(ifAbsent));
  if (entries !== undefined && entries.length > 0) return write(folder, checkpoint, checked);
  const unfinished = `${folder.replace(/\/+$/, '')}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await onDisk(folder, () => mkdir(unfinished, { recursive: true }));
    await write(unfinished, checkpoint, checked);
    await onDisk(folder, async () => {
      if (entries !== undefined) await rmdir(folder);
      await rename(unfinished, folder);
    });
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function write(
  folder: string,
  checkpoint: Checkpoint,
  { signal, onProgress, files = {} }: WriteCheckpointOptions,
): Promise<void> {
  const tensors = new Map<string, StoredTensor>();
  const formats = new Map<string, StoredFormat>();
  const saved = new SavedCodes(signal);
  for (const name of checkpoint.names) {
    const codes = checkpoint.quantized?.(name);
    if (codes === undefined) {
      tensors.set(name, await storedTensor(checkpoint, name));
      continue;
    }
    const { bits, block } = codes;
    const { shape } = checkpoint.spec(name);
    formats.set(name, { bits, block, shape });
    for (const [part, stored] of saved.partsOf(name, shape, codes)) tensors.set(part, stored);
  }
  const file = join(folder, WEIGHTS);
  const metadata = { format: 'pt', ...(formats.size > 0 && { [QUANTIZATION]: quantizationText(formats) }) };
  await writeStoredTensors(file, tensors, {
    metadata,
    signal,
    onProgress: onProgress && ((progress) => onProgress({ ...progress, file })),
  });
  const all = { 'config.json': configText(checkpoint.config), ...files };
  for (const [name, content] of Object.entries(all)) {
    await onDisk(folder, async () => {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    });
  }
}

/** Fields at the top of a config.json that are no integers, whatever their value. */
const FRACTIONS =
  /^( {2}"\w*(?:probs?|dropout|layerdrop|std|eps|range|penalty|temperature|top_p)": -?\d+)(?=,?$)/gm;

/**
 * The text of a config.json. JavaScript has one kind of number; Hugging Face's library refuses 0 where its
 * classes have 0.0.
 */
function configText(config: JsonObject): string {
  return `${JSON.stringify(config, undefined, 2).replace(FRACTIONS, '$1.0')}\n`;
}

/** A tensor as it is stored; one that has to be computed is stored as what it is in memory. */
async function storedTensor(checkpoint: Checkpoint, name: string): Promise<StoredTensor> {
  const { shape, fileDtype } = checkpoint.spec(name);
  if (fileDtype !== undefined && checkpoint.bytes !== undefined) {
    return {
      fileDtype,
      shape,
      bytes: async () => (await checkpoint.bytes?.(name)) ?? elementsOf(await checkpoint.tensor(name)),
    };
  }
  const dtype =
    fileDtype === undefined
      ? (await checkpoint.tensor(name)).dtype
      : (FILE_DTYPES.get(fileDtype)?.dtype ?? 'f32');
  const bytes = async (): Promise<Uint8Array> => elementsOf(await checkpoint.tensor(name));
  return { fileDtype: DTYPE_IN_FILE[dtype], shape, bytes };
}

function elementsOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function ifAbsent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}

/** Does something with the folder; failures of the system become one sentence. */
async function onDisk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `could not write to ${show(folder)}: ${reason}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message, { cause });
  }
}
