/**
 * Quantised matrices in files of tensors. The matrix `x` is there as `x.codes` (U8), `x.scales` (F32) and,
 * where its codes are not symmetric, `x.zero_points` (U8), in the layout of core's `quantizedLinear`. The
 * header says so: its text `attn_quantization` is JSON with a version and, for each matrix, its bits, its
 * block and its shape.
 */
import { AttnError, type CodeFormat, type QuantizedMatrix, type Tensor } from '@attn/core';
import { codesShape, integer, scalesShape, show, zeroPointsShape } from '@attn/core/backend';
import type { FileDtype } from '@attn/safetensors';
import type { Checkpoint, ReadCodesOptions, StoredCodes, StoredSpec } from '../checkpoint/checkpoint.ts';
import { numbersOf } from '../checkpoint/quantized-weight.ts';
import type { TensorFile } from './file-store.ts';
import { QUANTIZATION } from './quantization-key.ts';

/** The version of the form in which this package writes matrices, and the only one that there is. */
const VERSION = 1;

/** What a header says about a quantised matrix. */
export interface StoredFormat extends CodeFormat {
  readonly shape: readonly number[];
}

/** The names of the parts of a matrix. */
export function partNames(name: string): { codes: string; scales: string; zeroPoints: string } {
  return { codes: `${name}.codes`, scales: `${name}.scales`, zeroPoints: `${name}.zero_points` };
}

/** The text of a header that lists quantised matrices. */
export function quantizationText(matrices: ReadonlyMap<string, StoredFormat>): string {
  const tensors = [...matrices].map(([name, { bits, block, shape }]) => [name, { bits, block, shape }]);
  return JSON.stringify({ version: VERSION, tensors: Object.fromEntries(tensors) });
}

/**
 * A view of a checkpoint in which quantised matrices have their own names; the checkpoint itself where no
 * header lists any. Errors: `MALFORMED_FILE` for a header that does not fit the tensors.
 */
export function withCodes(checkpoint: Checkpoint, files: ReadonlyMap<string, TensorFile>): Checkpoint {
  const formats = new Map<string, StoredFormat>();
  for (const [file, { metadata }] of files) {
    const text = metadata.get(QUANTIZATION);
    if (text === undefined) continue;
    const fail: Fail = (message) => {
      throw malformed(`${file} of ${checkpoint.name}: ${message}`);
    };
    for (const [name, format] of readFormats(text, fail)) {
      if (formats.has(name)) fail(`${show(name)} is quantised in two files`);
      checkParts(checkpoint, name, format, fail);
      formats.set(name, format);
    }
  }
  return formats.size === 0 ? checkpoint : viewOf(checkpoint, formats);
}

/** Throws the error of a malformed file. */
type Fail = (message: string) => never;

function readFormats(text: string, fail: Fail): readonly (readonly [string, StoredFormat])[] {
  const { version, tensors } = objectIn(parse(text, fail)) ?? fail(`${QUANTIZATION} must be a JSON object`);
  if (version !== VERSION)
    fail(
      `${QUANTIZATION} must have the version ${VERSION}, which is all that is known, got ${show(version)}`,
    );
  const entries =
    objectIn(tensors) ?? fail(`${QUANTIZATION} must have an object tensors, got ${show(tensors)}`);
  return Object.entries(entries).map(([name, entry]) => [name, readFormat(name, entry, fail)]);
}

function parse(text: string, fail: Fail): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return fail(`${QUANTIZATION} is not valid JSON: ${reason.slice(0, 120)}`);
  }
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function readFormat(name: string, entry: unknown, fail: Fail): StoredFormat {
  const { bits, block, shape } = objectIn(entry) ?? {};
  const isFormat = (bits === 8 || bits === 4) && isCount(block, 1) && (bits === 8 || block % 2 === 0);
  const isShape = Array.isArray(shape) && shape.length === 2 && shape.every((extent) => isCount(extent, 0));
  if (isFormat && isShape) return { bits, block, shape };
  const expected = '{ bits: 8 or 4, block: an integer ≥ 1, for 4 bits an even one, shape: [rows, length] }';
  return fail(`${QUANTIZATION} of ${show(name)} must be ${expected}, got ${show(entry)}`);
}

function isCount(value: unknown, least: number): value is number {
  return integer(least).test(value);
}

/** Checks the tensors of a matrix against its format. */
function checkParts(checkpoint: Checkpoint, name: string, format: StoredFormat, fail: Fail): void {
  const [rows, length] = format.shape;
  const names = partNames(name);
  const check = (part: string, fileDtype: FileDtype, shape: readonly number[]): void => {
    if (!checkpoint.has(part)) fail(`${show(name)} is quantised, but there is no tensor ${show(part)}`);
    const { fileDtype: dtype, shape: got } = checkpoint.spec(part);
    if (dtype === fileDtype && got.join() === shape.join()) return;
    const expected = `${fileDtype} of the shape ${show(shape)}, as ${QUANTIZATION} says`;
    fail(`${show(part)} must be ${expected}, got ${dtype} of the shape ${show(got)}`);
  };
  check(names.codes, 'U8', codesShape(rows, length, format));
  check(names.scales, 'F32', scalesShape(rows, length, format));
  if (checkpoint.has(names.zeroPoints)) check(names.zeroPoints, 'U8', zeroPointsShape(rows, length, format));
  if (checkpoint.has(name)) fail(`${show(name)} is there as codes and as numbers`);
}

function viewOf(inner: Checkpoint, formats: ReadonlyMap<string, StoredFormat>): Checkpoint {
  const owners = new Map<string, string>();
  for (const name of formats.keys())
    for (const part of Object.values(partNames(name))) owners.set(part, name);
  const quantized = (name: string): StoredCodes | undefined => {
    const format = formats.get(name);
    return format && storedCodes(inner, name, format);
  };
  const numbers = async (name: string, codes: StoredCodes): Promise<Tensor<'f32'>> =>
    numbersOf(await codes.read(), formats.get(name)?.shape[1] ?? 0);
  return {
    ...inner,
    names: [...new Set(inner.names.map((name) => owners.get(name) ?? name))],
    has: (name) => formats.has(name) || (inner.has(name) && !owners.has(name)),
    spec: (name) => specOf(inner, name, formats.get(name)),
    quantized,
    tensor: async (name) => {
      const codes = quantized(name);
      if (codes === undefined) return inner.tensor(name);
      const { dtype, shape, data } = await numbers(name, codes);
      return { dtype, shape, data };
    },
    rows: (name, from, to) => (formats.has(name) ? undefined : inner.rows?.(name, from, to)),
    lazyTensor: (name) => {
      const codes = quantized(name);
      return codes === undefined ? inner.lazyTensor?.(name) : numbers(name, codes);
    },
    lazyBytes: (name) => (formats.has(name) ? undefined : inner.lazyBytes?.(name)),
    bytes: async (name) => (formats.has(name) ? undefined : inner.bytes?.(name)),
    readAhead: (names) =>
      inner.readAhead?.(names.flatMap((name) => (formats.has(name) ? partsOf(inner, name) : [name]))) ??
      (() => {}),
  };
}

function specOf(inner: Checkpoint, name: string, format: StoredFormat | undefined): StoredSpec {
  if (format === undefined) return inner.spec(name);
  const parts = partsOf(inner, name);
  const byteLength = parts.reduce((sum, part) => sum + inner.spec(part).byteLength, 0);
  const { file } = inner.spec(parts[0]);
  return { shape: format.shape, byteLength, ...(file !== undefined && { file }) };
}

/** The names of the parts of a matrix that there are. */
function partsOf(inner: Checkpoint, name: string): readonly string[] {
  return Object.values(partNames(name)).filter((part) => inner.has(part));
}

function storedCodes(inner: Checkpoint, name: string, { bits, block }: StoredFormat): StoredCodes {
  const names = partNames(name);
  const hasZeroPoints = inner.has(names.zeroPoints);
  const read = async ({ inMemory: isNow = false }: ReadCodesOptions = {}): Promise<QuantizedMatrix> => {
    const part = async (own: string): Promise<Tensor> =>
      (isNow ? undefined : await inner.lazyTensor?.(own)) ?? (await inner.tensor(own));
    // At once: each may be a request.
    const [scales, codes, zeroPoints] = (await Promise.all([
      part(names.scales),
      part(names.codes),
      hasZeroPoints ? part(names.zeroPoints) : undefined,
    ])) as [Tensor<'f32'>, Tensor<'u8'>, Tensor<'u8'> | undefined];
    checkFinite(scales.data, `${show(names.scales)} of ${inner.name}`);
    return { bits, block, codes, scales, ...(zeroPoints && { zeroPoints }) };
  };
  return { bits, block, hasZeroPoints, read };
}

/** Checks scales, with a loop, because a model has millions of them. Errors: `MALFORMED_FILE`. */
function checkFinite(scales: Float32Array, name: string): void {
  for (let i = 0; i < scales.length; i++)
    if (!Number.isFinite(scales[i])) throw malformed(`${name} must hold finite numbers, got ${scales[i]}`);
}

function malformed(message: string): AttnError {
  return new AttnError('MALFORMED_FILE', 'models/load', message);
}
