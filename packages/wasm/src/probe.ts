/**
 * Finds out what the JavaScript runtime can do, and how to set up an engine there. It does not
 * load the engine.
 */
import type { Probe } from '@attn/core';
import type { EngineSiteOptions } from './engine-site.ts';
import { features, type Features } from './engine/features.ts';
import type { Simd } from './kernels/arithmetic.ts';

/** How an engine is set up. */
export interface EngineSettings {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly threads: number;
}

/** A probe of the runtime, and the settings of an engine that suits it. */
export interface RuntimeProbe {
  readonly probe: Probe;
  /** Undefined when there can be no engine. */
  readonly settings: EngineSettings | undefined;
}

/**
 * Probes the runtime of this thread. What the options ask for has to be there.
 * @param whyAlone why no helper threads can be started, if that is known
 */
export function probeRuntime(
  options: Pick<EngineSiteOptions, 'simd' | 'sharedMemory' | 'threads'>,
  whyAlone?: string,
): RuntimeProbe {
  const detected = features();
  const reason = whyNot(detected, options);
  if (reason !== undefined) return { probe: { available: false, reason }, settings: undefined };
  const { simd = detected.fuses ? 'relaxed' : 'plain' } = options;
  const { sharedMemory = detected.cannotShare === undefined && whyAlone === undefined } = options;
  const threads = sharedMemory && whyAlone === undefined ? options.threads : 1;
  const kind = simd === 'relaxed' && detected.fuses ? 'SIMD with fused multiply–add' : 'SIMD';
  return {
    probe: {
      available: true,
      summary: `WebAssembly ${kind}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      features: { threads, simd, sharedMemory, f16: true },
      absences: absencesOf(detected, whyAlone),
    },
    settings: { simd, sharedMemory, threads },
  };
}

function whyNot(
  detected: Features,
  { simd, sharedMemory }: Pick<EngineSiteOptions, 'simd' | 'sharedMemory'>,
): string | undefined {
  if (!detected.simd) return 'this engine has no WebAssembly SIMD';
  if (detected.cannotCompile !== undefined) {
    return `WebAssembly may not be compiled here: ${detected.cannotCompile}; a page's policy needs script-src 'wasm-unsafe-eval'`;
  }
  if (simd === 'relaxed' && !detected.relaxed) {
    return 'this engine has no relaxed SIMD; simd: "plain" works everywhere';
  }
  if (sharedMemory === true && detected.cannotShare !== undefined) {
    return `memory cannot be shared: ${detected.cannotShare}`;
  }
  return undefined;
}

function absencesOf({ relaxed, fuses, cannotShare }: Features, whyAlone: string | undefined): string[] {
  const absences: string[] = [];
  if (!relaxed) absences.push('no fused multiply–add: this engine has no relaxed SIMD');
  else if (!fuses)
    absences.push('no fused multiply–add: that of this engine, or of its processor, rounds twice');
  const why = cannotShare ?? whyAlone;
  if (why !== undefined) absences.push(`one thread: ${why}`);
  return absences;
}
