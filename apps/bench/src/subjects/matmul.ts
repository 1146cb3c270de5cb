/**
 * One large MatMul in a plain session of onnxruntime-node: the rate
 * of native multiply–adds on this machine, with this many threads.
 */
import type { Subject, PreparedSubject } from '../contest/protocol.ts';
import { uniform } from '../inputs.ts';
import { modelBytes } from '../peers/onnx-models.ts';
import { ortNodeApi } from '../peers/ort-node.ts';

/** Largest error that f32 rounding explains, per summand of inputs in [−1, 1). */
const TOLERANCE = 2e-7;

/** Prepares the subject: [n, n] · [n, n], where the second matrix is a constant, as weights are. */
export async function makeMatmul({ options, problem: { n } }: Subject): Promise<PreparedSubject> {
  const [x, weight] = [uniform(n * n, 1), uniform(n * n, 2)];
  const model = modelBytes({
    inputs: { x: [n, n] },
    outputs: { y: [n, n] },
    constants: { weight: { dims: [n, n], data: weight } },
    nodes: [{ op: 'MatMul', inputs: ['x', 'weight'], outputs: ['y'] }],
  });
  const ort = ortNodeApi(Number(options.threads));
  const session = await ort.session(model);
  const feeds = { x: ort.tensor(x, [n, n]) };
  return {
    run: () => session.run(feeds),
    async check() {
      const { y } = await session.run(feeds);
      let expected = 0;
      for (let i = 0; i < n; i++) expected += x[i] * weight[i * n];
      const error = Math.abs((y.data as Float32Array)[0] - expected);
      if (!(error <= TOLERANCE * n)) throw new Error(`the result is wrong by ${error}`);
      return error;
    },
    dispose: () => session.release(),
  };
}
