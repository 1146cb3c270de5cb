/**
 * A `GraphBuilder` that knows weights: each becomes one constant,
 * under its name in the checkpoint, however often it is used.
 */
import { GraphBuilder, type Activation, type Value } from '@attn/core';
import type { Weight } from '../checkpoint/layout.ts';

/** W [out, in] and b [out]. */
export interface LinearWeights {
  readonly weight: Weight;
  readonly bias?: Weight;
}

/** Scale and shift of a layer normalisation. */
export interface NormWeights {
  readonly weight: Weight;
  readonly bias: Weight;
}

/** Adds what models are made of. */
export class ModelBuilder extends GraphBuilder {
  private readonly weights = new Map<Weight, Value>();

  /** The constant of a weight. */
  weight(weight: Weight): Value {
    let value = this.weights.get(weight);
    if (value === undefined) {
      value = this.constant(weight.tensor, weight.name);
      this.weights.set(weight, value);
    }
    return value;
  }

  /** x·Wᵀ + b, then the activation. */
  dense(x: Value, { weight, bias }: LinearWeights, activation?: Activation): Value {
    return this.linear(x, this.weight(weight), bias && this.weight(bias), { activation });
  }

  /** Layer normalisation with learned scale and shift. */
  norm(x: Value, { weight, bias }: NormWeights, eps: number): Value {
    return this.layerNorm(x, { weight: this.weight(weight), bias: this.weight(bias), eps });
  }
}
