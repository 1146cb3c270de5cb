/** The tensors of one attention call, read from a file by name and brought to the dtypes that the op takes. */
import {
  ATTENTION_OPTIONAL,
  ATTENTION_REQUIRED,
  AttnError,
  show,
  type AttentionInputName,
  type AttentionInputs,
  type Tensor,
} from '@attn/core';
import type { SafetensorsFile } from '@attn/safetensors';
import { badArgument, flag, text, type Options } from './args.ts';

/** Every input, in the order of the op. */
export const INPUT_NAMES: readonly AttentionInputName[] = [...ATTENTION_REQUIRED, ...ATTENTION_OPTIONAL];

const MASKS: readonly AttentionInputName[] = ['keyMask', 'queryMask', 'globalMask'];
const INTEGERS: readonly AttentionInputName[] = ['segmentIds', 'keyLengths'];

/**
 * Reads q, k, v and every optional input that the file has, but for those that `--ignore` lists. An input named `x` is the
 * tensor `x`, or the one that the option `--x` names, which must then exist.
 * @throws AttnError `MISSING_INPUT`, `INVALID_DTYPE`, `INVALID_ARGUMENT`
 */
export async function readInputs(file: SafetensorsFile, options: Options): Promise<AttentionInputs<Tensor>> {
  const ignored = readIgnored(options);
  const read = async (input: AttentionInputName): Promise<Tensor | undefined> => {
    const named = text(options, input);
    const required = ATTENTION_REQUIRED.includes(input) || named !== undefined;
    if (!required && (ignored.includes(input) || !file.has(input))) return undefined;
    return toInput(input, await file.tensor(named ?? input));
  };
  const inputs: { [name in AttentionInputName]?: Tensor } = {};
  for (const input of INPUT_NAMES) {
    const tensor = await read(input);
    if (tensor !== undefined) inputs[input] = tensor;
  }
  const { q, k, v, ...optional } = inputs;
  if (q === undefined || k === undefined || v === undefined) {
    throw new AttnError('INTERNAL', 'cli', 'q, k and v must have been read');
  }
  return { q, k, v, ...optional };
}

/** The optional inputs that are left out though the file may have them. */
export function readIgnored(options: Options): readonly string[] {
  const names = text(options, 'ignore')?.split(',') ?? [];
  for (const name of names.map((given) => given.trim())) {
    if (!ATTENTION_OPTIONAL.some((input) => input === name)) {
      throw badArgument(`--ignore takes names of ${ATTENTION_OPTIONAL.join(', ')}, got ${show(name)}`);
    }
    if (options[name] !== undefined) throw badArgument(`--ignore ${name} contradicts ${flag(name)}`);
  }
  return names.map((name) => name.trim());
}

/** Files store masks and ids in whatever dtype their writer had at hand. */
function toInput(input: AttentionInputName, tensor: Tensor): Tensor {
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
