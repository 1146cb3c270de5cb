/** Feed-forward layers with a gate. Shazeer 2020, https://arxiv.org/abs/2002.05202 */
import type { Activation, Value } from '@attn/core';
import { matrixSlots, type MatrixSlots, type Weights } from '../checkpoint/layout.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';

/** Slots of one feed-forward layer. */
export interface GatedSlots {
  readonly gate: MatrixSlots;
  readonly up: MatrixSlots;
  readonly down: MatrixSlots;
}

/** Slots of a layer from `width` numbers by way of `inner` to `width`, as Hugging Face names them. */
export function gatedSlots(name: string, width: number, inner: number): GatedSlots {
  return {
    gate: matrixSlots(`${name}.gate_proj`, inner, width),
    up: matrixSlots(`${name}.up_proj`, inner, width),
    down: matrixSlots(`${name}.down_proj`, width, inner),
  };
}

/** Adds down(activation(gate(x)) · up(x)). */
export function gated(
  builder: ModelBuilder,
  x: Value,
  { gate, up, down }: Weights<GatedSlots>,
  activation: Activation,
): Value {
  return builder.dense(builder.mul(builder.dense(x, gate, activation), builder.dense(x, up)), down);
}
