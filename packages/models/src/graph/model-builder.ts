/**
 * A `GraphBuilder` for weights. Each weight becomes one constant,
 * under its name in the checkpoint, however often it is used.
 */
import { GraphBuilder, type Activation, type QuantizedValues, type Value } from '@attn/core';
import type { Weight } from '../checkpoint/layout.ts';
import type { QuantizedWeight } from '../checkpoint/quantized-weight.ts';

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
  private readonly quantized = new Map<QuantizedWeight, QuantizedValues>();

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
    const b = bias && this.weight(bias);
    if (weight.quantized === undefined) return this.linear(x, this.weight(weight), b, { activation });
    const { bits, block, float, inputs } = weight.quantized;
    return this.quantizedLinear(x, this.codes(weight), b, { bits, block, float, inputs, activation });
  }

  /** Looks rows of a table up: ids [...] to [..., width]. */
  rows(table: Weight, ids: Value): Value {
    if (table.quantized === undefined) return this.embedding(ids, this.weight(table));
    const { bits, block, float } = table.quantized;
    return this.quantizedEmbedding(ids, this.codes(table), {
      bits,
      block,
      float,
      dim: table.tensor.shape[1],
    });
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

  /** Adds the constants of a quantised weight, or returns those that exist. */
  private codes({ name, quantized }: Weight): QuantizedValues {
    if (quantized === undefined) throw new TypeError(`${name} has no codes`);
    let values = this.quantized.get(quantized);
    if (values === undefined) {
      const { codes, scales, zeroPoints } = quantized;
      values = {
        codes: this.constant(codes, `${name}.codes`),
        ...(scales && { scales: this.constant(scales, `${name}.scales`) }),
        ...(zeroPoints && { zeroPoints: this.constant(zeroPoints, `${name}.zero_points`) }),
      };
      this.quantized.set(quantized, values);
    }
    return values;
  }
}
