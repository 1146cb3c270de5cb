/** What is checked of the options of a run and of `compile`, once, for every backend. */
import type { CompileOptions, ProbeOptions, RunOptions } from './backend.ts';
import { checkOptions, type OptionKinds } from '../check/check-options.ts';
import { withCallbacks } from '../async/callbacks.ts';
import { aBoolean, aFunction, anObject, aSignal } from '../check/kinds.ts';

/** What each option of a run must be. */
export const RUN_OPTIONS: OptionKinds<RunOptions> = { signal: aSignal, onProgress: aFunction };

/** Names of all options that `Attn.run` takes. */
export const RUN_OPTION_NAMES: readonly string[] = [...Object.keys(RUN_OPTIONS), 'backend'];

/** What each option of `compile` must be. */
export const COMPILE_OPTIONS: OptionKinds<CompileOptions> = { signal: aSignal, plans: anObject };

const PROBE_OPTIONS: OptionKinds<ProbeOptions> = { again: aBoolean };

/** The options of `Executable.run`. `where` is the backend and the method. Errors: `INVALID_ARGUMENT`. */
export function checkRunOptions(where: string, options: RunOptions = {}): RunOptions {
  return checkOptions(where, options, RUN_OPTIONS);
}

/**
 * One run with its options checked. What `onProgress` throws ends the run with that very error: `work` gets a
 * listener that never throws, and a signal that fires then, too. Errors: `INVALID_ARGUMENT`, and those of
 * `work`.
 *
 * @example
 * run: (inputs, options) => withRunOptions('ring/run', options, ({ signal }) => compute(inputs, signal)),
 */
export async function withRunOptions<R>(
  where: string,
  options: RunOptions | undefined,
  work: (options: RunOptions) => Promise<R>,
): Promise<R> {
  const { signal, onProgress } = checkRunOptions(where, options);
  return withCallbacks({ onProgress }, signal, (callbacks, stop) => work({ ...callbacks, signal: stop }));
}

/** The options of `Backend.compile`. Errors: `INVALID_ARGUMENT`. */
export function checkCompileOptions(where: string, options: CompileOptions = {}): CompileOptions {
  return checkOptions(where, options, COMPILE_OPTIONS);
}

/** The options of `Backend.probe`. Errors: `INVALID_ARGUMENT`. */
export function checkProbeOptions(where: string, options: ProbeOptions = {}): ProbeOptions {
  return checkOptions(where, options, PROBE_OPTIONS);
}
