/**
 * Low-rank adapters: what a task adds to the weights of a model. They are computed beside the weights, which
 * all tasks share. Hu et al. 2021, https://arxiv.org/abs/2106.09685
 */
import { f32, type Activation, type Value } from '@attn/core';
import type { Slot, Weight } from '../checkpoint/layout.ts';
import { cutMatrices } from '../checkpoint/weight-rows.ts';
import { ModelBuilder, type LinearWeights } from './model-builder.ts';

/** Slots of the adapters of one weight, for all tasks: one matrix behind the other. */
export interface AdapterSlots {
  /** The weight that they are of, [out, in]. */
  readonly weight: Slot;
  /** [tasks, rank, in], or of a table [tasks, rows, rank]. */
  readonly a: Slot;
  /** [tasks, out, rank], or of a table [tasks, rank, width]. */
  readonly b: Slot;
}

/** The adapter of one weight for one task: `b·a`, or of a table `a·b`, is added to it. */
export interface Adapter {
  readonly a: Weight;
  readonly b: Weight;
}

/** The adapters of all weights that have some; the tasks of each are in one order. */
export type Adapters = ReadonlyMap<Weight, readonly Adapter[]>;

/**
 * The adapters of a weight, by task. Where the weight is cut into parts of equally many rows, those of each
 * part.
 */
export function adaptersOf(
  parts: readonly Weight[],
  { a, b }: { readonly a: Weight; readonly b: Weight },
): readonly (readonly [Weight, readonly Adapter[]])[] {
  const [count] = a.tensor.shape;
  const low = cutMatrices(a, count);
  const high = cutMatrices(b, count * parts.length);
  return parts.map((part, p) => [
    part,
    low.map((own, task) => ({ a: own, b: high[task * parts.length + p] })),
  ]);
}

/** A builder whose layers and tables are those of one task. */
export class AdaptedBuilder extends ModelBuilder {
  private readonly adapters: Adapters;
  private readonly task: number;
  private readonly scale: number;

  /** `task` is a place in the lists of adapters, each of which is multiplied by `scale`. */
  constructor(adapters: Adapters, task: number, scale: number) {
    super();
    this.adapters = adapters;
    this.task = task;
    this.scale = scale;
  }

  override dense(x: Value, layer: LinearWeights, activation?: Activation): Value {
    const own = this.adapterOf(layer.weight);
    if (own === undefined) return super.dense(x, layer, activation);
    const low = this.scaled(this.linear(x, this.weight(own.a)));
    const sum = this.add(super.dense(x, layer), this.linear(low, this.weight(own.b)));
    if (activation === undefined) return sum;
    return activation === 'gelu_tanh' ? this.gelu(sum, { approximate: 'tanh' }) : this[activation](sum);
  }

  override rows(table: Weight, ids: Value): Value {
    const own = this.adapterOf(table);
    const rows = super.rows(table, ids);
    return own === undefined ? rows : this.add(rows, this.high(super.rows(own.a, ids), own));
  }

  override firstRow(table: Weight): Value {
    const own = this.adapterOf(table);
    const row = super.firstRow(table);
    return own === undefined ? row : this.add(row, this.high(super.firstRow(own.a), own));
  }

  private adapterOf(weight: Weight): Adapter | undefined {
    return this.adapters.get(weight)?.[this.task];
  }

  /** What a table's adapter adds to rows, of their rows [..., rank]. */
  private high(low: Value, { b }: Adapter): Value {
    return this.matmul(this.scaled(low), this.weight(b));
  }

  private scaled(low: Value): Value {
    return this.scale === 1 ? low : this.mul(low, this.constant(f32([1], [this.scale])));
  }
}
