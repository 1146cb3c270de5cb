/**
 * A `GraphBuilder` for weights. Each weight becomes one constant,
 * under its name in the checkpoint, however often it is used.
 */
import { GraphBuilder, type Activation, type Value } from '@attn/core';
import type { Weight } from '../checkpoint/layout.ts';

/** Weights of a linear layer: W [out, in] and b [out]. */
export interface LinearWeights {
  readonly weight: Weight;
  readonly bias?: Weight | undefined;
}

/** Scale and, where it has one, shift of a normalisation. */
export interface NormWeights {
  readonly weight: Weight;
  readonly bias?: Weight | undefined;
}

/** Adds the layers that models consist of. */
export class ModelBuilder extends GraphBuilder {
  private readonly weights = new Map<Weight, Value>();

  /** Adds the constant of a weight, or returns the one that exists. */
  weight(weight: Weight): Value {
    let value = this.weights.get(weight);
    if (value === undefined) {
      value = this.constant(weight.tensor, weight.name);
      this.weights.set(weight, value);
    }
    return value;
  }

  /** Adds a linear layer: x·Wᵀ + b, then the activation. */
  dense(x: Value, { weight, bias }: LinearWeights, activation?: Activation): Value {
    return this.linear(x, this.weight(weight), bias && this.weight(bias), { activation });
  }

  /** Looks rows of a table up: ids [...] to [..., width]. */
  rows(table: Weight, ids: Value): Value {
    return this.embedding(ids, this.weight(table));
  }

  /** The first row of a table, [1, width]. */
  firstRow(table: Weight): Value {
    return this.slice(this.weight(table), [0, 0], [1, table.tensor.shape[1]]);
  }

  /** Adds a layer normalisation with learned scale and shift. */
  norm(x: Value, { weight, bias }: NormWeights, eps: number): Value {
    return this.layerNorm(x, { weight: this.weight(weight), bias: bias && this.weight(bias), eps });
  }

  /** Adds a normalisation by the root mean square; `weightOffset` is added to each weight. */
  rms(x: Value, { weight }: Pick<NormWeights, 'weight'>, eps: number, weightOffset = 0): Value {
    return this.rmsNorm(x, { weight: this.weight(weight), eps, weightOffset });
  }
}
