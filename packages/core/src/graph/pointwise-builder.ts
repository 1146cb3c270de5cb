/**
 * The methods of `GraphBuilder` that follow from the table of pointwise ops: `builder.silu(x)`,
 * `builder.sub(a, b)`.
 */
import type { OpAttributes } from '../ops/attributes.ts';
import type { OpName } from '../ops/op-name.ts';
import { BINARY_OPS, UNARY_OPS } from '../ops/pointwise/names.ts';
import type { BINARY, UNARY, UnaryOp } from '../ops/pointwise/table.ts';
import type { TensorSpec } from '../tensor.ts';
import type { ValueId } from './graph.ts';

/** A value of a graph under construction: a spec and its number. */
export interface Value extends TensorSpec {
  readonly id: ValueId;
}

/** The rows of ops without attributes. `Pick` keeps their comments, which so become those of the methods. */
type PlainRows = Pick<typeof UNARY, Exclude<UnaryOp, 'gelu'>>;

/** A method for each op, with the comment of its row. */
type PointwiseMethods = { [K in keyof PlainRows]: (x: Value) => Value } & {
  [K in keyof typeof BINARY]: (a: Value, b: Value) => Value;
};

/** Whoever can add a node of any op. */
abstract class NodeBuilder {
  abstract node<K extends OpName>(
    op: K,
    inputs: Readonly<Record<string, Value | undefined>>,
    attributes: OpAttributes[K],
  ): Value[];
}

for (const op of UNARY_OPS) {
  if (op === 'gelu') continue; // it has an attribute, and a method that is written out
  define(op, function (x: Value) {
    return this.node(op, { x }, {})[0];
  });
}
for (const op of BINARY_OPS) {
  define(op, function (a: Value, b: Value) {
    return this.node(op, { a, b }, {})[0];
  });
}

/** Adds a method to the class. */
function define(name: string, method: (this: NodeBuilder, ...operands: Value[]) => Value): void {
  Object.defineProperty(NodeBuilder.prototype, name, { value: method, writable: true, configurable: true });
}

/** What `GraphBuilder` extends. */
export const PointwiseBuilder: abstract new () => NodeBuilder & PointwiseMethods =
  NodeBuilder as abstract new () => NodeBuilder & PointwiseMethods;
