/** A dense layer: x [n × in] · weight [out × in]ᵀ + bias, on one of our backends. */
import { f32, GraphBuilder, quantizeMatrix, type Tensor } from '@attn/core';
import { references, toReference, type ReferenceTensor } from '@attn/core/reference';
import type { CodesSpec, Subject, PreparedSubject } from '../contest/protocol.ts';
import { uniform } from '../inputs.ts';
import { makeBackend } from './attention.ts';

/** Largest error that f32 rounding explains, per summand of inputs in [−1, 1). */
const TOLERANCE = 2e-7;

/** Elements that are compared with float64. */
const CHECKED_ROWS = 3;

/** Prepares the subject. */
export async function makeLinear({ options, problem }: Subject): Promise<PreparedSubject> {
  const { n, in: features = 768, out = 3072, codes } = problem;
  const x = f32([n, features], uniform(n * features, 1));
  const weight = f32([out, features], uniform(out * features, 2));
  const bias = f32([out], uniform(out, 3));
  const builder = new GraphBuilder();
  const input = builder.input('x', x);
  const layer = codes === undefined ? denseLayer(weight, bias) : quantizedLayer(weight, bias, codes);
  const graph = builder.build({ y: layer.build(builder, input) });
  const backend = await makeBackend(options);
  await backend.probe();
  const executable = await backend.compile(graph);
  return {
    run: () => executable.run({ x }),
    async check() {
      const { y } = await executable.run({ x });
      const rows = f32([CHECKED_ROWS, features], x.data.subarray(0, CHECKED_ROWS * features));
      const [expected] = layer.reference(toReference(rows));
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

/** The layer in a graph, and its result in float64. */
interface Layer {
  build(builder: GraphBuilder, x: Value): Value;
  reference(x: ReferenceTensor): readonly ReferenceTensor[];
}

type Value = ReturnType<GraphBuilder['input']>;

function denseLayer(weight: Tensor, bias: Tensor): Layer {
  return {
    build: (builder, x) => builder.linear(x, builder.constant(weight), builder.constant(bias)),
    reference: (x) => references.linear({ x, weight: toReference(weight), bias: toReference(bias) }, {}),
  };
}

function quantizedLayer(weight: Tensor, bias: Tensor, { inputs, ...how }: CodesSpec): Layer {
  const { codes, scales, ...format } = quantizeMatrix(weight, how);
  const attributes = { ...format, inputs };
  return {
    build: (builder, x) => {
      const parts = { codes: builder.constant(codes), scales: builder.constant(scales) };
      return builder.quantizedLinear(x, parts, builder.constant(bias), attributes);
    },
    reference: (x) => {
      const parts = { codes: toReference(codes), scales: toReference(scales), bias: toReference(bias) };
      return references.quantizedLinear({ x, ...parts }, attributes);
    },
  };
}
