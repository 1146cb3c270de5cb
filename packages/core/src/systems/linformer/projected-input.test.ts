import { describe, expect, test } from 'vitest';
import { GraphBuilder, type Value } from '../../graph/builder.ts';
import { evaluateReference } from '../../graph/evaluate.ts';
import { full } from '../../patterns/full.ts';
import { bool, type Tensor } from '../../tensor.ts';
import {
  directLinformer,
  expectClose,
  multiplied,
  nested,
  pooled,
  random,
  type Heads,
  type Matrix,
} from './linformer.testing.ts';
import { buildLinformerProjection, type LinformerProjectedOptions } from './projected-input.ts';

const [B, N, C, H, D] = [2, 7, 6, 2, 3];
const tensors = {
  q: random([B, H, 4, D], 1),
  x: random([B, N, C], 2),
  keyMask: bool([B, N], [1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0]),
  keyWeight: random([H * D, C], 3),
  keyBias: random([H * D], 4),
  valueWeight: random([H * D, C], 5),
  valueBias: random([H * D], 6),
  E: random([3, N + 2], 7),
  F: random([3, N], 8),
};

type Names = keyof typeof tensors;

function composed(names: readonly Names[], options: Omit<LinformerProjectedOptions, 'keyHeads'> = {}) {
  const builder = new GraphBuilder();
  const fed: Record<string, Tensor> = {};
  const values: Partial<Record<Names, Value>> = {};
  for (const name of ['q', 'x', 'keyWeight', 'valueWeight', ...names] as const) {
    fed[name] = tensors[name];
    values[name] = builder.input(name, tensors[name]);
  }
  const { q, x, keyWeight, valueWeight, ...rest } = values;
  if (q === undefined || x === undefined || keyWeight === undefined || valueWeight === undefined) {
    throw new RangeError('q, x and the weights are there');
  }
  const inputs = { ...rest, x, keyWeight, valueWeight };
  const { k, v } = buildLinformerProjection(builder, inputs, { keyHeads: H, ...options });
  const queries = options.layout === 'bnhd' ? builder.transpose(q, [0, 2, 1, 3]) : q;
  const { out } = builder.attention({ q: queries, k, v }, { pattern: full(), layout: options.layout });
  const inBhnd = options.layout === 'bnhd' ? builder.transpose(out, [0, 2, 1, 3]) : out;
  return evaluateReference(builder.build({ out: inBhnd }), fed);
}

/** (project(x) Wᵀ + b), cut into heads. */
function heads(project: (rows: Matrix) => Matrix, weight: Tensor, bias: Tensor | undefined): Heads {
  const mask = nested<number[][]>(tensors.keyMask);
  return nested<Matrix[]>(tensors.x).map((rows, b) => {
    const visible = rows.map((row, i) => row.map((value) => value * mask[b][i]));
    const transposed = nested<Matrix>(weight);
    const linear = project(visible).map((row) =>
      transposed.map((each, o) =>
        row.reduce(
          (sum, value, c) => sum + value * each[c],
          bias === undefined ? 0 : nested<number[]>(bias)[o],
        ),
      ),
    );
    return Array.from({ length: H }, (_, h) => linear.map((row) => row.slice(h * D, (h + 1) * D)));
  });
}

const asIs = (rows: Matrix): Matrix => rows;

function expected(forKeys: (rows: Matrix) => Matrix, forValues: (rows: Matrix) => Matrix): number[] {
  const k = heads(forKeys, tensors.keyWeight, tensors.keyBias);
  const v = heads(forValues, tensors.valueWeight, tensors.valueBias);
  const direct = { q: nested<Heads>(tensors.q), k, v, projectKeys: asIs, projectValues: asIs };
  return directLinformer(direct).out.flat(3);
}

const by = (matrix: Tensor) => (rows: Matrix) => multiplied(nested(matrix), rows);

describe('the input is projected before the linear layers', () => {
  test.each(['bhnd', 'bnhd'] as const)('in %s', (layout) => {
    const names = ['keyMask', 'keyBias', 'valueBias', 'E'] as const;
    expectClose(composed([...names, 'F'], { layout }).out, expected(by(tensors.E), by(tensors.F)));
    expectClose(composed(names, { layout }).out, expected(by(tensors.E), by(tensors.E)));
  });

  test('by a pool', () => {
    const mean = (column: readonly number[]) => column.reduce((sum, value) => sum + value, 0) / column.length;
    const pool = (rows: Matrix) => pooled(rows, 3, mean);
    const { out } = composed(['keyMask', 'keyBias', 'valueBias'], {
      projection: 'meanPool',
      projectedLength: 3,
    });
    expectClose(out, expected(pool, pool));
  });

  test('which is not the same with a bias behind it', () => {
    const after = expected(by(tensors.E), by(tensors.E));
    const before = directLinformer({
      q: nested<Heads>(tensors.q),
      k: heads(asIs, tensors.keyWeight, tensors.keyBias),
      v: heads(asIs, tensors.valueWeight, tensors.valueBias),
      projectKeys: by(tensors.E),
      projectValues: by(tensors.E),
    }).out.flat(3);
    expect(Math.max(...after.map((value, i) => Math.abs(value - before[i])))).toBeGreaterThan(0.1);
  });
});

test('says what is wrong', () => {
  expect(() => composed([])).toThrow('linformer: the projection linear needs the input E');
  expect(() => composed(['E'], { projectedLength: 9 })).toThrow(
    'projectedLength must be that of E, [3], or absent, got 9',
  );
  const builder = new GraphBuilder();
  const [x, weight] = [builder.input('x', random([2, 3], 1)), builder.input('weight', random([3, 3], 1))];
  const inputs = { x, keyWeight: weight, valueWeight: weight };
  const options = { keyHeads: 1, projection: 'meanPool', projectedLength: 2 } as const;
  expect(() => buildLinformerProjection(builder, inputs, options)).toThrow(
    'x must be [batch, n, width], got [2, 3]',
  );
});
