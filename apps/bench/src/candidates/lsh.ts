/**
 * Reformer's LSH attention on one of our backends, as a graph that hashes, sorts and attends:
 * by itself, as a layer with its projections of 12 × 64, or only as far as the orders.
 */
import type { Candidate, Contestant } from '../contest/protocol.ts';
import { checkLsh, lshGraph, lshInputs } from '../lsh.ts';
import { makeBackend } from './attention.ts';

/** Makes the contestant. */
export async function makeLsh({ options, problem }: Candidate): Promise<Contestant> {
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
