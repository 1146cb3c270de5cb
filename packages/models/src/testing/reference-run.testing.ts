/** Models of goldens with other fields in their configs, and what they compute in float64. */
import type { JsonObject } from '@attn/core';
import type { Model, ModelFamily, TokenBatch } from '../model.ts';
import { referenceOutputs, type Golden } from './goldens.testing.ts';

/** All numbers of each output. */
export type Numbers = Readonly<Record<string, readonly number[]>>;

/** Computes a batch in float64. */
export function runReference(model: Model, batch: TokenBatch): Numbers {
  const { graph, inputs } = model.call(batch);
  const outputs = Object.entries(referenceOutputs(graph, inputs));
  return Object.fromEntries(outputs.map(([name, { data }]) => [name, Array.from(data, Number)]));
}

/** Loads models of a family: a golden's, with these fields in its config. */
export function loaderOf<M extends Model>(family: ModelFamily<M>) {
  return ({ checkpoint }: Golden, fields: JsonObject = {}, architecture?: string): Promise<M> =>
    family.load({ ...checkpoint, config: { ...checkpoint.config, ...fields } }, { architecture });
}
