/** How methods of a builder are tried with wrong arguments. */
import {
  createAttn,
  f32,
  GraphBuilder,
  type Attn,
  type State,
  type Tensor,
  type TensorSpec,
  type Value,
} from '@attn/core';
import { BINARY_OPS, UNARY_OPS, type PointwiseOp } from '@attn/core/backend';
import { referenceBackend } from '../reference-backend.ts';
import type { FunctionTable, FunctionTrial } from './check-function.ts';

/** Queries [1, 1, 4, 2]. */
export const q = (): Tensor => f32([1, 1, 4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);

/** A method of a fresh builder, with two values of it: `x` [1, 1, 4, 2] and `w` [2, 2]. */
export function building(
  method: keyof GraphBuilder,
  args: (x: Value, w: Value, builder: GraphBuilder) => readonly unknown[],
  options?: readonly number[],
): FunctionTrial {
  let builder = new GraphBuilder();
  return {
    args() {
      builder = new GraphBuilder();
      const w = { dtype: 'f32', shape: [2, 2] } as const;
      return args(builder.input('x', q()), builder.input('w', w), builder);
    },
    call: (...args: never[]) => (builder[method] as (...all: never[]) => unknown)(...args),
    options,
  };
}

/** A composition of ops, which takes the builder as its first argument. */
export function composing(
  call: FunctionTrial['call'],
  args: Parameters<typeof building>[1],
  options: readonly number[],
): FunctionTrial {
  return { ...building('node', args, options), call };
}

/** Tensors of a state. */
export const stateSpecs = (): Readonly<Record<string, TensorSpec>> => ({
  keys: { dtype: 'f32', shape: [2, 1] },
});

/** A method of a state. */
export function stateMethod(method: string & keyof State, args: () => readonly unknown[]): FunctionTrial {
  return {
    args,
    call: async (...args: never[]) => {
      await using attn = await createAttn({ backends: [referenceBackend()], cache: false });
      const state = await attn.createState(stateSpecs());
      return await (state[method] as (...all: never[]) => unknown)(...args);
    },
  };
}

/** A method of an `Attn`, which is disposed afterwards. */
export function attnMethod(
  method: string & keyof Attn,
  args: () => readonly unknown[],
  options?: readonly number[],
): FunctionTrial {
  return {
    args,
    options,
    call: async (...args: never[]) => {
      const attn = await createAttn({ backends: [referenceBackend()], cache: false });
      try {
        return await (attn[method] as (...all: never[]) => unknown)(...args);
      } finally {
        await attn.dispose();
      }
    },
  };
}

/** Rows of functions that are not tried, all for one reason. */
export function untried(reason: string, ...names: readonly string[]): FunctionTable {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

/** Methods of pointwise ops, which follow from core's table. */
export const pointwiseRows: Record<
  `GraphBuilder.${(typeof UNARY_OPS | typeof BINARY_OPS)[number]}`,
  FunctionTrial
> = {
  ...methodRows(UNARY_OPS, (x) => [x]),
  ...methodRows(BINARY_OPS, (x) => [x, x]),
};

function methodRows<K extends PointwiseOp>(
  ops: readonly K[],
  args: Parameters<typeof building>[1],
): Record<`GraphBuilder.${K}`, FunctionTrial> {
  const rows = ops.map((op) => [`GraphBuilder.${op}`, building(op, args)]);
  return Object.fromEntries(rows) as Record<`GraphBuilder.${K}`, FunctionTrial>;
}
