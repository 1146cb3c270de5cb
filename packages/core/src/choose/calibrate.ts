/**
 * Measures the constants that estimates rest on: once on a machine, one backend after another, so that they
 * do not slow each other down.
 */
import type { Backend } from '../contract/backend.ts';
import { clock } from '../async/clock.ts';
import { debug } from '../util/debug.ts';
import { canonicalJson } from '../util/json-value.ts';
import type { ProbedBackend } from './candidates.ts';
import type { CalibrationStore } from './store/calibration-store.ts';
import { machineName } from './machine-name.ts';

/** Calibrates the backends that can be. A backend that fails keeps its built-in constants. */
export async function calibrateAll(
  backends: readonly ProbedBackend[],
  store: CalibrationStore | undefined,
): Promise<void> {
  for (const { backend, probe } of backends) {
    if (!probe.available || backend.calibrate === undefined) continue;
    const key = `constants of ${identityOf({ backend, probe })} on ${machineName()}`;
    const stored = await store?.get(key);
    try {
      const start = clock.now();
      const speed = await backend.calibrate(stored);
      const elapsed = clock.now() - start;
      debug(2, () => `calibrated ${backend.name} in ${elapsed.toFixed(1)} ms: ${canonicalJson(speed)}`);
      if (canonicalJson(speed) !== canonicalJson(stored)) await store?.set(key, speed);
    } catch (error) {
      debug(1, () => `${backend.name} could not be calibrated: ${String(error)}`);
    }
  }
}

/** What the speed of a backend depends on, as text: its version, and the features of the machine. */
export function identityOf({ backend, probe }: ProbedBackend): string {
  const features = probe.available ? canonicalJson(probe.features) : 'unavailable';
  return `${versioned(backend)} ${features}`;
}

function versioned({ name, version }: Backend): string {
  return version === undefined ? name : `${name}@${version}`;
}
