/** Fields of a config.json that models of different families have in common. */
import { AttnError, type Activation } from '@attn/core';
import { show } from '@attn/core/backend';
import type { ConfigReader } from './config-reader.ts';

/** How many layers a config may claim: each costs an object before a single weight is looked at. */
export const LAYER_COUNT = { least: 1, most: 10_000 } as const;

/** Activations as Hugging Face spells them. */
const HUGGING_FACE: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
  tanh: 'tanh',
};

/** An activation. `byDefault` is one of the spellings. Errors: `MALFORMED_FILE`. */
export function readActivation(
  reader: ConfigReader,
  name: string,
  byDefault: string,
  spellings: Readonly<Record<string, Activation>> = HUGGING_FACE,
): Activation {
  return spellings[reader.oneOf(name, Object.keys(spellings), byDefault)];
}

/**
 * How many classes a classifier tells apart: Hugging Face stores the
 * names of the labels, or nothing for two. Errors: `MALFORMED_FILE`.
 */
export function readLabels(reader: ConfigReader): number {
  const names = reader.field('id2label');
  if (names === undefined) return reader.integer('num_labels', { least: 1, byDefault: 2 });
  if (typeof names === 'object' && names !== null) return Object.keys(names).length;
  throw reader.wrong('id2label', 'an object of names', names);
}

/** The width of a model, which its heads, counted by the field `count`, share. Errors: `MALFORMED_FILE`. */
export function readWidth(reader: ConfigReader, name: string, count: string, heads: number): number {
  const width = reader.integer(name, { least: 1 });
  if (width % heads === 0) return width;
  throw reader.wrong(name, `a multiple of ${count} = ${heads}`, width);
}

/** The class of the original. Errors: `UNSUPPORTED` for one that is not `known`. */
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
