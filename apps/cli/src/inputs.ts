/** Reads the tensors of one call from a file, by name, and converts them to the dtypes of ops. */
import { AttnError, type Score, type Tensor } from '@attn/core';
import { show, tableInput } from '@attn/core/backend';
import type { SafetensorsFile } from '@attn/safetensors';
import { badArgument, flag, text, type Options } from './args.ts';
import type { SystemOption } from './calls/call.ts';

const MASKS: readonly string[] = ['keyMask', 'queryMask', 'globalMask', 'mask'];
const INTEGERS: readonly string[] = ['segmentIds', 'keyLengths', 'buckets', 'order'];

/**
 * Reads the required inputs, and every optional input that the file has, except those that `--ignore`
 * lists. The input `x` is the tensor `x`, or the tensor that the option `--x` names, which must then exist.
 *
 * Errors: `MISSING_INPUT`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export async function readInputs(
  file: SafetensorsFile,
  { inputs: { required, optional } }: SystemOption,
  options: Options,
  ignored: readonly string[],
): Promise<Readonly<Record<string, Tensor>>> {
  const inputs: Record<string, Tensor> = {};
  for (const input of [...required, ...optional]) {
    const tensorName = text(options, input);
    const isWanted = required.includes(input) || tensorName !== undefined;
    if (!isWanted && (ignored.includes(input) || !file.has(input))) continue;
    inputs[input] = toInput(input, await file.tensor(tensorName ?? input));
  }
  return inputs;
}

/**
 * Reads the tables of a score: the tensors of their names. The input of the table `x` is `tables.x`.
 *
 * Errors: `MISSING_INPUT`, `INVALID_DTYPE`.
 */
export async function readTables(
  file: SafetensorsFile,
  score: Score | undefined,
): Promise<Readonly<Record<string, Tensor>>> {
  const tables: Record<string, Tensor> = {};
  for (const [name, { isInteger }] of Object.entries(score?.tables ?? {})) {
    const table = await file.tensor(name);
    tables[tableInput(name)] = isInteger ? toIntegers(name, table) : table;
  }
  return tables;
}

/** Integers of a score have a sign. */
function toIntegers(name: string, { dtype, shape, data }: Tensor): Tensor {
  if (dtype === 'i32') return { dtype, shape, data };
  if (dtype === 'u8') return { dtype: 'i32', shape, data: Int32Array.from(data) };
  throw wrongDtype(name, 'I32 or U8', dtype.toUpperCase());
}

/**
 * Names of the optional inputs that `--ignore` leaves out although the file may have them.
 *
 * Errors: `INVALID_ARGUMENT` also for the name of an input that this call does not have.
 *
 * @param names names of all inputs that any call has
 */
export function readIgnored(
  options: Options,
  { name: call, inputs: { required, optional } }: SystemOption,
  names: readonly string[],
): readonly string[] {
  const own = [...required, ...optional];
  const foreign = names.find((name) => text(options, name) !== undefined && !own.includes(name));
  if (foreign !== undefined) throw badArgument(`${flag(foreign)} names no input of ${call}`);
  const ignored = text(options, 'ignore')?.split(',') ?? [];
  for (const name of ignored.map((part) => part.trim())) {
    if (!optional.includes(name)) {
      throw badArgument(`--ignore takes names of ${optional.join(', ')}, got ${show(name)}`);
    }
    if (options[name] !== undefined) throw badArgument(`--ignore ${name} contradicts ${flag(name)}`);
  }
  return ignored.map((name) => name.trim());
}

/** Converts masks and ids, which files store in various dtypes. */
function toInput(input: string, tensor: Tensor): Tensor {
  const { dtype, shape, data } = tensor;
  if (MASKS.includes(input)) {
    if (dtype === 'bool') return tensor;
    if (dtype === 'f16') throw wrongDtype(input, 'U8, BOOL, I32 or F32', 'F16');
    const missing = data.findIndex((value) => Number.isNaN(value));
    if (missing >= 0) throw badArgument(`${input} must be 0 where it hides, got NaN at element ${missing}`);
    return { dtype: 'bool', shape, data: Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)) };
  }
  if (INTEGERS.includes(input)) {
    if (dtype === 'i32' || dtype === 'u32') return tensor;
    if (dtype === 'u8') return { dtype: 'i32', shape, data: Int32Array.from(data) };
    throw wrongDtype(input, 'I32, U32 or U8', dtype.toUpperCase());
  }
  return tensor;
}

function wrongDtype(input: string, expected: string, got: string): AttnError {
  return new AttnError('INVALID_DTYPE', 'cli', `${input} must be stored as ${expected}, got ${show(got)}`);
}
