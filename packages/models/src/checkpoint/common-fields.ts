/** Fields of a config.json that different families have in common. */
import { AttnError, type Activation } from '@attn/core';
import { show } from '@attn/core/backend';
import type { ConfigReader } from './config-reader.ts';

/** Number of layers that a config may claim. Each layer costs memory before any weight is read. */
export const LAYER_COUNT = { least: 1, most: 10_000 } as const;

/** Hugging Face's names of activations. */
const HUGGING_FACE: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
};

/** Reads an activation. `byDefault` is one of the spellings. Errors: `MALFORMED_FILE`. */
export function readActivation(
  reader: ConfigReader,
  name: string,
  byDefault: string,
  spellings: Readonly<Record<string, Activation>> = HUGGING_FACE,
): Activation {
  return spellings[reader.oneOf(name, Object.keys(spellings), byDefault)];
}

/**
 * Reads the number of classes that a classifier tells apart. Hugging Face stores
 * the names of the labels, or nothing when there are two. Errors: `MALFORMED_FILE`.
 */
export function readLabels(reader: ConfigReader): number {
  const names = reader.field('id2label');
  if (names === undefined) return reader.integer('num_labels', { least: 1, byDefault: 2 });
  if (typeof names === 'object' && names !== null) return Object.keys(names).length;
  throw reader.wrong('id2label', 'an object of names', names);
}

/**
 * Reads the ids that end a text: the field `eos_token_id` is a number, a list, or absent where nothing ends a
 * text. Errors: `MALFORMED_FILE`.
 */
export function readEndTokens(reader: ConfigReader, byDefault: readonly number[] = []): readonly number[] {
  const value = reader.field('eos_token_id');
  return Array.isArray(value) || value === undefined
    ? reader.integers('eos_token_id', { byDefault })
    : [reader.integer('eos_token_id')];
}

/**
 * Reads the names of the classes that a classifier tells apart, in the order of their logits. Errors:
 * `MALFORMED_FILE`.
 */
export function readLabelNames(reader: ConfigReader, byDefault: readonly string[]): readonly string[] {
  const names = reader.field('id2label');
  if (names === undefined) return byDefault;
  const expected = 'an object of names by number, from 0 on';
  if (typeof names !== 'object' || names === null) throw reader.wrong('id2label', expected, names);
  const byNumber = new Map<string, unknown>(Object.entries(names));
  return Array.from({ length: byNumber.size }, (_, i) => {
    const name = byNumber.get(String(i));
    if (typeof name === 'string') return name;
    throw reader.wrong('id2label', expected, names);
  });
}

/**
 * Reads the width of a model, which must be a multiple of the number
 * of heads, the field `count`. Errors: `MALFORMED_FILE`.
 */
export function readWidth(reader: ConfigReader, name: string, count: string, heads: number): number {
  const width = reader.integer(name, { least: 1 });
  if (width % heads === 0) return width;
  throw reader.wrong(name, `a multiple of ${count} = ${heads}`, width);
}

/** Returns the class called `name`. Errors: `UNSUPPORTED` when it is not one of `architectures`. */
export function checkArchitecture<T extends string>(
  where: string,
  name: string,
  architectures: readonly T[],
): T {
  const architecture = architectures.find((item) => item === name);
  if (architecture !== undefined) return architecture;
  throw new AttnError(
    'UNSUPPORTED',
    where,
    `the architecture must be one of ${architectures.join(', ')}, got ${show(name)}`,
  );
}
