/** Finding the constants that estimates rest on: once on a machine, one backend after another, so that none slows another down. */
import type { Backend } from '../contract/backend.ts';
import { clock } from '../async/clock.ts';
import { debug } from '../util/debug.ts';
import { canonicalJson } from '../util/json-value.ts';
import type { ProbedBackend } from './candidates.ts';
import type { CalibrationStore } from './store/calibration-store.ts';
import { machineName } from './machine-name.ts';

/** Has the backends calibrate themselves that can. One that fails keeps its built-in constants. */
export async function calibrateAll(
  backends: readonly ProbedBackend[],
  store: CalibrationStore | undefined,
): Promise<void> {
  for (const { backend, probe } of backends) {
    if (!probe.available || backend.calibrate === undefined) continue;
    const key = `constants of ${identityOf({ backend, probe })} on ${machineName()}`;
    const known = await store?.get(key);
    try {
      const start = clock.now();
      const found = await backend.calibrate(known);
      const taken = clock.now() - start;
      debug(2, () => `calibrated ${backend.name} in ${taken.toFixed(1)} ms: ${canonicalJson(found)}`);
      if (canonicalJson(found) !== canonicalJson(known)) await store?.set(key, found);
    } catch (error) {
      debug(1, () => `${backend.name} could not be calibrated: ${String(error)}`);
    }
  }
}

/** What of a backend its speed depends on: its version, and what it found on the machine. */
export function identityOf({ backend, probe }: ProbedBackend): string {
  const found = probe.available ? canonicalJson(probe.features) : 'unavailable';
  return `${versioned(backend)} ${found}`;
}

function versioned({ name, version }: Backend): string {
  return version === undefined ? name : `${name}@${version}`;
}
