/**
 * Reading a state dict: all of a file that is in memory, or tensor by tensor from a source that need not
 * be.
 */
import { AttnError, type DType, type Tensor } from '@attn/core';
import { aString, checkArgument, integer, show, sizeOf, typedArrayName, type Kind } from '@attn/core/backend';
import { decodeTensor, FILE_DTYPES, type FileDtype } from '@attn/safetensors';
import { formatOf, MAGIC_BYTES, type TorchFormat } from './format.ts';
import { gather, isContiguous } from './gather.ts';
import { unpackLegacy } from './legacy-checkpoint.ts';
import { ELEMENT_BYTES, type StorageRef, type TensorRef } from './pickle/values.ts';
import type { FileRange, Unpacked } from './records.ts';
import { bytesSource, readExactly, type TorchSource } from './source.ts';
import { stateDict } from './state-dict.ts';
import { unpackZip } from './zip-checkpoint.ts';

/** What a tensor will be once it is read. */
export interface TorchSpec {
  /** The dtype in the file. */
  readonly fileDtype: FileDtype;
  /** The dtype that `tensor` returns. */
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes of its elements in the file. */
  readonly byteLength: number;
  /** The key of its storage in this file. Tensors of one storage share memory when they are read. */
  readonly storage: string;
}

/** An open checkpoint. Names and shapes are in memory; each storage is read when one of its tensors is. */
export interface TorchFile {
  readonly format: TorchFormat;
  /** In the order of the state dict. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Errors: `MISSING_INPUT` when there is no such tensor. */
  spec(name: string): TorchSpec;
  /**
   * The tensor, in a dtype of ours. Names that are tied in the file are one tensor here, while anybody
   * holds it. Errors: `MISSING_INPUT`, `MALFORMED_FILE`, `INVALID_DTYPE` for a value that fits no dtype of
   * ours; those of the source.
   */
  tensor(name: string): Promise<Tensor>;
  /**
   * The tensor's elements as they are in the file: little-endian, row-major. Errors: `MISSING_INPUT`,
   * `MALFORMED_FILE`.
   */
  bytes(name: string): Promise<Uint8Array>;
  /**
   * Where the elements of a tensor lie in the file, side by side in its order; undefined for a view that
   * has to be gathered. Errors: `MISSING_INPUT`, `MALFORMED_FILE`.
   */
  range(name: string): Promise<FileRange | undefined>;
}

const WHERE = 'torch/read';

const aUint8Array: Kind = {
  expected: 'a Uint8Array',
  test: (value) => typedArrayName(value) === 'Uint8Array',
};

const aSource: Kind = {
  expected: 'a source { size, read }',
  test(value) {
    const { size, name, read } = Object(value) as Partial<TorchSource>;
    const isNamed = name === undefined || typeof name === 'string';
    return integer(0).test(size) && isNamed && typeof read === 'function';
  },
};

/**
 * Opens a PyTorch checkpoint (`pytorch_model.bin`), zip or legacy, without reading its tensors. It executes
 * nothing: of the pickle in it it understands names, numbers and three calls, and refuses the rest.
 *
 * Errors: `MALFORMED_FILE` for anything but a sound state dict, also for big-endian and compressed files, and
 * those of the source.
 *
 * @example
 * const file = await openTorch(await httpSource('https://example.org/pytorch_model.bin'));
 * const words = await file.tensor('embeddings.word_embeddings.weight');
 */
export async function openTorch(source: TorchSource): Promise<TorchFile> {
  checkArgument(WHERE, 'source', source, aSource);
  return openCheckpoint(source);
}

/** Opens a checkpoint of a source that has been checked. Errors: those of `openTorch`. */
export async function openCheckpoint(source: TorchSource): Promise<Checkpoint> {
  return named(source.name, async () => {
    const head = await readExactly(source, 0, Math.min(source.size, MAGIC_BYTES));
    const format = formatOf(head, source.size);
    const unpacked = await (format === 'zip' ? unpackZip(source) : unpackLegacy(source));
    return new Checkpoint(format, unpacked, source.name);
  });
}

/**
 * Reads all tensors of a checkpoint in memory, by name, in order. Tied names are one tensor. Errors: as
 * those of `openTorch` and `TorchFile.tensor`.
 *
 * @example
 * const tensors = await parseTorch(await readFile('pytorch_model.bin'));
 */
export async function parseTorch(bytes: Uint8Array, name?: string): Promise<Map<string, Tensor>> {
  checkArgument(WHERE, 'bytes', bytes, aUint8Array);
  if (name !== undefined) checkArgument(WHERE, 'name', name, aString);
  const file = await openTorch(bytesSource(bytes, name));
  const tensors = new Map<string, Tensor>();
  for (const each of file.names) tensors.set(each, await file.tensor(each));
  return tensors;
}

/** An open checkpoint, and where its tensors lie. */
export class Checkpoint implements TorchFile {
  readonly format: TorchFormat;
  private readonly name: string | undefined;
  private readonly unpacked: Unpacked;
  private readonly tensors: ReadonlyMap<string, TensorRef>;
  /** What somebody holds still, or is reading: records by key, tensors by what they look at. */
  private readonly records = new Held<Uint8Array>();
  private readonly decoded = new Held<Tensor>();

  constructor(format: TorchFormat, unpacked: Unpacked, name: string | undefined) {
    this.format = format;
    this.unpacked = unpacked;
    this.name = name;
    this.tensors = stateDict(unpacked.value);
  }

  get names(): readonly string[] {
    return [...this.tensors.keys()];
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  spec(name: string): TorchSpec {
    const { storage, shape } = this.ref(name);
    const dtype = FILE_DTYPES.get(storage.dtype)?.dtype ?? 'f32';
    const byteLength = sizeOf(shape) * ELEMENT_BYTES[storage.dtype];
    return { fileDtype: storage.dtype, dtype, shape, byteLength, storage: storage.key };
  }

  async tensor(name: string): Promise<Tensor> {
    const ref = this.ref(name);
    return this.decoded.of(identityOf(ref), async () => {
      const { storage, shape } = ref;
      return decodeTensor(storage.dtype, shape, await this.gathered(ref), name, WHERE);
    });
  }

  bytes(name: string): Promise<Uint8Array> {
    return this.gathered(this.ref(name));
  }

  async range(name: string): Promise<FileRange | undefined> {
    const { storage, offset, shape, strides } = this.ref(name);
    if (!isContiguous(shape, strides)) return undefined;
    const record = await named(this.name, () => this.unpacked.locate(storage));
    const size = ELEMENT_BYTES[storage.dtype];
    return { offset: record.offset + (storage.offset + offset) * size, byteLength: sizeOf(shape) * size };
  }

  /** The least range of the file that holds a tensor, and its elements from the bytes of that range. */
  async place(name: string): Promise<FileRange & { elements(bytes: Uint8Array): Uint8Array }> {
    const range = await this.range(name);
    if (range !== undefined) return { ...range, elements: (bytes) => bytes };
    const ref = this.ref(name);
    const record = await named(this.name, () => this.unpacked.locate(ref.storage));
    return { ...record, elements: (bytes) => gather(ref, bytes) };
  }

  private async gathered(ref: TensorRef): Promise<Uint8Array> {
    return gather(ref, await this.record(ref.storage));
  }

  private record(storage: StorageRef): Promise<Uint8Array> {
    return this.records.of(storage.key, () => named(this.name, () => this.unpacked.read(storage)));
  }

  private ref(name: string): TensorRef {
    const ref = this.tensors.get(name);
    if (ref !== undefined) return ref;
    const listed = this.names.slice(0, 12).join(', ');
    const more = this.tensors.size > 12 ? `, … (${this.tensors.size} in all)` : '';
    const file = this.name ?? 'the file';
    throw new AttnError(
      'MISSING_INPUT',
      WHERE,
      `${file} has no tensor ${show(name)}; it has ${listed}${more}`,
    );
  }
}

/**
 * Values that are made once as long as somebody holds them: what is tied in a file is one thing in memory.
 */
class Held<T extends object> {
  private readonly values = new Map<string, WeakRef<T> | Promise<T>>();

  async of(key: string, make: () => Promise<T>): Promise<T> {
    const earlier = this.values.get(key);
    const value = earlier instanceof WeakRef ? earlier.deref() : earlier;
    if (value !== undefined) return value;
    // Nothing is awaited before this: who asks at the same time finds it.
    const making = make();
    this.values.set(key, making);
    try {
      const result = await making;
      this.values.set(key, new WeakRef(result));
      return result;
    } catch (error) {
      this.values.delete(key);
      throw error;
    }
  }
}

function identityOf({ storage, offset, shape, strides }: TensorRef): string {
  return [storage.key, storage.offset, offset, shape.join(), strides.join()].join(':');
}

/** Puts the file's name before the sentence of a refusal. */
async function named<T>(name: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw name === undefined ? error : withName(error, name);
  }
}

function withName(error: unknown, name: string): unknown {
  const prefix = '[attn/torch] read: ';
  if (!(error instanceof AttnError) || !error.message.startsWith(prefix)) return error;
  const sentence = error.message.slice(prefix.length);
  return new AttnError(error.code, WHERE, `${name}: ${sentence}`, { cause: error.cause });
}
