/** Asking all backends what the machine has. */
import type { Backend, Probe } from '../backend.ts';
import type { ProbedBackend } from './candidates.ts';

/** Probes the backends, side by side, in the order of the list. */
export function probeAll(backends: readonly Backend[]): Promise<ProbedBackend[]> {
  return Promise.all(backends.map(async (backend) => ({ backend, probe: await probeOf(backend) })));
}

/** Backends promise not to throw; one that does anyway is unavailable, and the others still work. */
async function probeOf(backend: Backend): Promise<Probe> {
  try {
    return await backend.probe();
  } catch (error) {
    return {
      available: false,
      reason: `its probe failed: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
