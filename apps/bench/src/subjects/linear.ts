/** A dense layer: x [n × in] · weight [out × in]ᵀ + bias, on one of our backends. */
import { f32, GraphBuilder } from '@attn/core';
import { references, toReference } from '@attn/core/reference';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';
import { uniform } from '../inputs.ts';
import { makeBackend } from './attention.ts';

/** Largest error that f32 rounding explains, per summand of inputs in [−1, 1). */
const TOLERANCE = 2e-7;

/** Elements that are compared with float64. */
const CHECKED_ROWS = 3;

/** Prepares the subject. */
export async function makeLinear({ options, problem }: Subject): Promise<PreparedSubject> {
  const { n, in: features = 768, out = 3072 } = problem;
  const x = f32([n, features], uniform(n * features, 1));
  const weight = f32([out, features], uniform(out * features, 2));
  const bias = f32([out], uniform(out, 3));
  const builder = new GraphBuilder();
  const input = builder.input('x', x);
  const graph = builder.build({ y: builder.linear(input, builder.constant(weight), builder.constant(bias)) });
  const backend = await makeBackend(options);
  await backend.probe();
  const executable = await backend.compile(graph);
  return {
    run: () => executable.run({ x }),
    async check() {
      const { y } = await executable.run({ x });
      const rows = f32([CHECKED_ROWS, features], x.data.subarray(0, CHECKED_ROWS * features));
      const inputs = { x: toReference(rows), weight: toReference(weight), bias: toReference(bias) };
      const [expected] = references.linear(inputs, {});
      const error = expected.data.reduce(
        (worst, value, i) => Math.max(worst, Math.abs(value - y.data[i])),
        0,
      );
      if (!(error <= TOLERANCE * features)) throw new Error(`the result is wrong by ${error}`);
      return error;
    },
    dispose: () => backend.dispose(),
  };
}
