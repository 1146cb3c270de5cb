/**
 * Reformer's LSH attention on one of our backends, as a graph that hashes, sorts and
 * attends: alone, as a layer with its projections of 12 × 64, or only up to the orders.
 */
import type { Subject, PreparedSubject } from '../contest/protocol.ts';
import { checkLsh, lshGraph, lshInputs } from '../lsh.ts';
import { makeBackend } from './attention.ts';

/** Prepares the subject. */
export async function makeLsh({ options, problem }: Subject): Promise<PreparedSubject> {
  const { n, heads = 8, headDim = 64, lsh = {} } = problem;
  const shape = [1, heads, n, headDim];
  const inputs = lshInputs(shape, lsh);
  const graph = lshGraph(inputs, shape, lsh);
  const backend = await makeBackend(options);
  await backend.probe();
  const executable = await backend.compile(graph);
  return {
    run: (onProgress) => executable.run(inputs, { onProgress }),
    async check() {
      if (lsh.part === 'layer') return 0; // its attention is checked by itself
      const whole = await backend.compile(lshGraph(inputs, shape, { ...lsh, part: 'all' }));
      const outputs = await whole.run(inputs);
      whole.dispose();
      return checkLsh(inputs, outputs, lsh);
    },
    dispose: () => backend.dispose(),
  };
}
