/** Fields of a config.json that models of different families have in common, as Hugging Face spells them. */
import type { Activation } from '@attn/core';
import type { ConfigReader } from './config-reader.ts';

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
  tanh: 'tanh',
};

/** The activation of feed-forward layers. Errors: `MALFORMED_FILE`. */
export function readActivation(reader: ConfigReader, name: string, byDefault: 'gelu' | 'relu'): Activation {
  const given = reader.oneOf(name, Object.keys(ACTIVATIONS), byDefault);
  return ACTIVATIONS[given];
}

/** How many classes a classifier tells apart: the original stores the names of the labels, or nothing for two. Errors: `MALFORMED_FILE`. */
export function readLabels(reader: ConfigReader): number {
  const names = reader.field('id2label');
  if (names === undefined) return reader.integer('num_labels', { least: 1, byDefault: 2 });
  if (typeof names === 'object' && names !== null) return Object.keys(names).length;
  throw reader.wrong('id2label', 'an object of names', names);
}
