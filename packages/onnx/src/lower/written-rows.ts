/**
 * A tensor whose rows were written in a run, as what it was and what was written. A model has no way to write
 * into its inputs, and onnxruntime-node copies whatever a model returns. So readers that can take the two
 * parts do, as attention does (`attention/direct.ts`), and nobody copies the tensor. For other readers the
 * parts are joined.
 */
import type { TensorSpec } from '@attn/core';
import type { GraphScope } from '../model/onnx-model-builder.ts';
import type { Name } from '../model/values.ts';

/** A tensor of which rows were replaced. */
export interface WrittenRows {
  /** Gives the tensor before: a state that no reader needs is no input of the model. */
  readonly old: () => Name;
  readonly rows: Name;
  readonly axis: number;
  /** The extents along `axis` of the tensor, and of the rows. */
  readonly extent: number;
  readonly count: number;
  /** The places of the first row, and behind the last, [1] i64. Computing them checks that the rows fit. */
  readonly start: Name;
  readonly end: Name;
}

/** Rows that a run writes into a state: what the model returns for it. */
export interface StateWrite {
  /** The name of the state. */
  readonly state: string;
  /** The shape in which the state is written, which may be that of a view. */
  readonly shape: readonly number[];
  readonly axis: number;
  /** The dtype and shape of the rows. */
  readonly spec: TensorSpec;
  /** Outputs of the model: the rows, and the place of the first, [1] i64. */
  readonly rows: Name;
  readonly start: Name;
}

/** Replaces a part of `whole`, which has the tensor's extent along `axis`, and any others. */
export function replaceRows(
  scope: GraphScope,
  { extent, start, end }: Pick<WrittenRows, 'extent' | 'start' | 'end'>,
  { whole, rows, axis }: { readonly whole: Name; readonly rows: Name; readonly axis: number },
): Name {
  const { model } = scope;
  const axes = model.integers([axis]);
  const before = scope.op('Slice', [whole, model.integers([0]), start, axes]);
  const after = scope.op('Slice', [whole, end, model.integers([extent]), axes]);
  return scope.op('Concat', [before, rows, after], { axis });
}

/** The tensor with its new rows. This copies it. */
export function joinRows(scope: GraphScope, written: WrittenRows): Name {
  const { old, rows, axis } = written;
  return replaceRows(scope, written, { whole: old(), rows, axis });
}
