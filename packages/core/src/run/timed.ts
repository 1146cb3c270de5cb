/** Measures compilations and runs, and tells `ATTN_DEBUG=2`. */
import type { Backend } from '../contract/backend.ts';
import { clock } from '../async/clock.ts';
import { debug } from '../util/debug.ts';
import type { Graph } from '../graph/graph.ts';

/** Does the work; calls `measured` with its milliseconds if it succeeds. */
export async function timed<T>(
  what: 'compiled' | 'ran',
  graph: Graph,
  backend: Backend,
  work: () => Promise<T>,
  measured?: (milliseconds: number) => void,
): Promise<T> {
  const start = clock.now();
  const result = await work();
  const milliseconds = clock.now() - start;
  measured?.(milliseconds);
  debug(2, () => `${graph.key}: ${what} on ${backend.name} in ${milliseconds.toFixed(2)} ms`);
  return result;
}
