/**
 * Makes a case from a composition of ops. Inputs and weights have
 * names and seeded numbers. Also an encoder layer, as models have it.
 */
import { GraphBuilder, type Graph, type Tensor, type Tensors, type Value } from '@attn/core';
import { sizeOf } from '@attn/core/backend';
import { caseId, type ConformanceCase } from '../case.ts';
import { fill, fillIntegers, seedOf, type DataRecipe } from '../data.ts';

/** The builder of a composition, and functions that add inputs and weights with seeded numbers. */
export interface GraphParts {
  readonly builder: GraphBuilder;
  input(name: string, shape: readonly number[], data?: DataRecipe): Value;
  ids(name: string, shape: readonly number[], below: number): Value;
  /** An input whose elements are computed from their index and the run, 0 or 1. */
  table(
    name: string,
    shape: readonly number[],
    element: (index: readonly number[], round: number) => number,
  ): Value;
  weight(name: string, shape: readonly number[], data?: DataRecipe): Value;
}

/** Builds a composition and returns its outputs by name. */
export type Compose = (parts: GraphParts) => Readonly<Record<string, Value>>;

/** Makes a case of several nodes. */
export function graphCase(name: string, description: string, compose: Compose): ConformanceCase {
  const params = { [name]: true };
  const id = caseId('graph', params);
  const build = (round: number): { graph: Graph; inputs: Tensors } => {
    const builder = new GraphBuilder();
    const inputs: Record<string, Tensor> = {};
    const floats = (of: string, shape: readonly number[], data: DataRecipe, seed: number): Tensor => {
      return { dtype: 'f32', shape, data: fill(data, sizeOf(shape), seedOf(`${id}/${of}/${seed}`)) };
    };
    const input = (of: string, shape: readonly number[], data: DataRecipe = 'bell'): Value => {
      inputs[of] = floats(of, shape, data, round);
      return builder.input(of, inputs[of]);
    };
    const ids = (of: string, shape: readonly number[], below: number): Value => {
      inputs[of] = {
        dtype: 'i32',
        shape,
        data: fillIntegers(below, sizeOf(shape), seedOf(`${id}/${of}/${round}`)),
      };
      return builder.input(of, inputs[of]);
    };
    const table: GraphParts['table'] = (of, shape, element) => {
      const index = shape.map(() => 0);
      const data = new Float32Array(sizeOf(shape)).map((_, at) => {
        for (let axis = shape.length - 1, rest = at; axis >= 0; rest = Math.floor(rest / shape[axis--])) {
          index[axis] = rest % shape[axis];
        }
        return element(index, round);
      });
      inputs[of] = { dtype: 'f32', shape, data };
      return builder.input(of, inputs[of]);
    };
    const weight = (of: string, shape: readonly number[], data: DataRecipe = 'bell*0.3'): Value =>
      builder.constant(floats(of, shape, data, 0), of);
    const outputs = compose({ builder, input, ids, table, weight });
    return { graph: builder.build(outputs), inputs };
  };
  return { id, op: 'graph', description, params, build: () => ({ ...build(0), again: build(1).inputs }) };
}

/** Attention of heads [batch, heads, length, width / heads]. */
export type Attend = (builder: GraphBuilder, heads: Readonly<Record<'q' | 'k' | 'v', Value>>) => Value;

/** Adds a post-norm encoder layer. */
export function encoderLayer(parts: GraphParts, x: Value, layer: string, attend: Attend): Value {
  const { builder, weight } = parts;
  const [batch, length, width] = x.shape;
  const heads = 2;
  const project = (name: string, out: number, from: Value): Value =>
    builder.linear(
      from,
      weight(`${layer}.${name}.weight`, [out, from.shape[from.shape.length - 1]]),
      weight(`${layer}.${name}.bias`, [out]),
    );
  const split = (value: Value): Value =>
    builder.transpose(builder.reshape(value, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  const norm = (name: string, value: Value): Value =>
    builder.layerNorm(value, {
      weight: weight(`${layer}.${name}.weight`, [width], 'near1'),
      bias: weight(`${layer}.${name}.bias`, [width]),
    });

  const out = attend(builder, {
    q: split(project('query', width, x)),
    k: split(project('key', width, x)),
    v: split(project('value', width, x)),
  });
  const merged = builder.reshape(builder.transpose(out, [0, 2, 1, 3]), [batch, length, width]);
  const attended = norm('norm1', builder.add(x, project('output', width, merged)));
  const hidden = builder.gelu(project('intermediate', 2 * width, attended));
  return norm('norm2', builder.add(attended, project('dense', width, hidden)));
}
