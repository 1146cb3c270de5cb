/** Probes all backends. */
import type { Backend, Probe, ProbeOptions } from '../contract/backend.ts';
import type { ProbedBackend } from './candidates.ts';

/** Probes the backends at the same time; the answers are in the order of the list. */
export function probeAll(backends: readonly Backend[], options: ProbeOptions = {}): Promise<ProbedBackend[]> {
  return Promise.all(backends.map(async (backend) => ({ backend, probe: await probeOf(backend, options) })));
}

/** A backend promises not to throw. If it does, it is unavailable, and the others still work. */
async function probeOf(backend: Backend, options: ProbeOptions): Promise<Probe> {
  try {
    return await backend.probe(options);
  } catch (error) {
    return {
      available: false,
      reason: `its probe failed: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
