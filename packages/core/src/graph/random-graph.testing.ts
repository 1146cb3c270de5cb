/** Random graphs for property tests: vectors through elementwise ops, views and concatenations. */
import fc from 'fast-check';
import { f32, sizeOf, type Tensor } from '../tensor.ts';
import { GraphBuilder, type Value } from './builder.ts';
import type { Graph } from './graph.ts';

/** A graph and tensors to feed it. */
export interface RandomGraph {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

const step = fc.record({
  op: fc.constantFrom('add', 'mul', 'relu', 'tanh', 'reshape', 'concat', 'constant', 'slice'),
  // Which of the values so far; later ones are likelier, so that chains form.
  left: fc.nat(99),
  right: fc.nat(99),
});

/** Graphs of one input `x`, of up to 20 nodes, with one to three outputs of any kind. */
export const randomGraph: fc.Arbitrary<RandomGraph> = fc
  .record({
    size: fc.integer({ min: 1, max: 40 }),
    steps: fc.array(step, { maxLength: 20 }),
    outputs: fc.array(fc.nat(99), { minLength: 1, maxLength: 3 }),
  })
  .map(({ size, steps, outputs }) => {
    const builder = new GraphBuilder();
    const values: Value[] = [builder.input('x', { dtype: 'f32', shape: [size] })];
    const pick = (choice: number) => values[Math.max(0, values.length - 1 - (choice % 4))];
    for (const { op, left, right } of steps) values.push(apply(builder, op, pick(left), pick(right)));
    const graph = builder.build(
      Object.fromEntries(outputs.map((choice, i) => [`y${i}`, values[choice % values.length]])),
    );
    return {
      graph,
      inputs: {
        x: f32(
          [size],
          Array.from({ length: size }, (_, i) => Math.sin(i + 1)),
        ),
      },
    };
  });

type Step = 'add' | 'mul' | 'relu' | 'tanh' | 'reshape' | 'concat' | 'constant' | 'slice';

function apply(builder: GraphBuilder, op: Step, a: Value, b: Value): Value {
  const flat = (value: Value) => (value.shape.length === 1 ? value : builder.reshape(value, [-1]));
  const [x, y] = [flat(a), flat(b)];
  const fits = x.shape[0] === y.shape[0];
  switch (op) {
    case 'add':
    case 'mul':
      return fits ? builder[op](x, y) : builder.relu(x);
    case 'relu':
    case 'tanh':
      return builder[op](x);
    case 'reshape':
      return builder.reshape(a, [1, -1]);
    case 'concat':
      return x.shape[0] + y.shape[0] > 300 ? builder.tanh(y) : builder.concat([x, y], 0);
    case 'constant':
      return builder.constant(
        f32(
          x.shape,
          Array.from({ length: sizeOf(x.shape) }, (_, i) => i / 10),
        ),
      );
    case 'slice':
      return builder.slice(x, [0], [Math.ceil(x.shape[0] / 2)]);
    default:
      return op satisfies never;
  }
}
