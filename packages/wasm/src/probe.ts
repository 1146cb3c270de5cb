/** What the host at hand can do, and how an engine is to be made there; the engine itself is loaded when something is compiled. */
import type { Probe } from '@attn/core';
import { features, type Features } from './engine/features.ts';
import type { HostOptions } from './host.ts';
import type { Simd } from './kernels/arithmetic.ts';

/** How an engine is made. */
export interface EngineSettings {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly threads: number;
}

/** What was found. */
export interface Found {
  readonly probe: Probe;
  /** Undefined when there can be no engine. */
  readonly settings: EngineSettings | undefined;
}

/**
 * Looks at this thread's engine; what was asked for must be there.
 * @param whyAlone why no helper threads can be started, where that is known
 */
export function look(
  options: Pick<HostOptions, 'simd' | 'sharedMemory' | 'threads'>,
  whyAlone?: string,
): Found {
  const found = features();
  const reason = whyNot(found, options);
  if (reason !== undefined) return { probe: { available: false, reason }, settings: undefined };
  const { simd = found.fuses ? 'relaxed' : 'plain' } = options;
  const { sharedMemory = found.cannotShare === undefined && whyAlone === undefined } = options;
  const threads = sharedMemory && whyAlone === undefined ? options.threads : 1;
  const kind = simd === 'relaxed' && found.fuses ? 'SIMD with fused multiply–add' : 'SIMD';
  return {
    probe: {
      available: true,
      summary: `WebAssembly ${kind}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      features: { threads, simd, sharedMemory, f16: true },
      absences: absencesOf(found, whyAlone),
    },
    settings: { simd, sharedMemory, threads },
  };
}

function whyNot(
  found: Features,
  { simd, sharedMemory }: Pick<HostOptions, 'simd' | 'sharedMemory'>,
): string | undefined {
  if (!found.simd) return 'this engine has no WebAssembly SIMD';
  if (found.cannotCompile !== undefined) {
    return `WebAssembly may not be compiled here: ${found.cannotCompile}; a page's policy needs script-src 'wasm-unsafe-eval'`;
  }
  if (simd === 'relaxed' && !found.relaxed) {
    return 'this engine has no relaxed SIMD; simd: "plain" works everywhere';
  }
  if (sharedMemory === true && found.cannotShare !== undefined) {
    return `memory cannot be shared: ${found.cannotShare}`;
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
