/** Checks the options of runs, compilations and probes, once, for every backend. */
import type { CompileOptions, ProbeOptions, RunOptions } from './backend.ts';
import { checkOptions, type OptionKinds } from '../check/check-options.ts';
import { withCallbacks } from '../async/callbacks.ts';
import { aBoolean, aFunction, anObject, aSignal, type Kind } from '../check/kinds.ts';
import type { State } from './state.ts';

const aState: Kind = {
  expected: 'a state that createState made',
  test(value) {
    const { specs, read, reorder } = Object(value) as Partial<State>;
    return typeof specs === 'object' && typeof read === 'function' && typeof reorder === 'function';
  },
};

/** What each option of `Executable.run` must be. */
export const RUN_OPTIONS: OptionKinds<RunOptions> = {
  signal: aSignal,
  onProgress: aFunction,
  state: aState,
  outputs: { ...anObject, expected: 'an object of tensors' },
};

/** Names of all options that `Attn.run` takes. */
export const RUN_OPTION_NAMES: readonly string[] = [...Object.keys(RUN_OPTIONS), 'backend'];

/** What each option of `Backend.compile` must be. */
export const COMPILE_OPTIONS: OptionKinds<CompileOptions> = { signal: aSignal, plans: anObject };

const PROBE_OPTIONS: OptionKinds<ProbeOptions> = { again: aBoolean };

/** Checks and copies the options of `Executable.run`. Errors, from `where`: `INVALID_ARGUMENT`. */
export function checkRunOptions(where: string, options: RunOptions = {}): RunOptions {
  return checkOptions(where, options, RUN_OPTIONS);
}

/**
 * Does the work of a run with checked options. An error that `onProgress` throws ends the run: `work` gets a
 * listener that never throws, and a signal that is also aborted in this case. Errors: `INVALID_ARGUMENT`, and
 * those of `work`.
 *
 * @example
 * const run: Executable['run'] = (inputs, options) =>
 *   withRunOptions('ring/run', options, ({ signal }) => compute(inputs, signal));
 */
export async function withRunOptions<R>(
  where: string,
  options: RunOptions | undefined,
  work: (options: RunOptions) => Promise<R>,
): Promise<R> {
  const { signal, onProgress, ...others } = checkRunOptions(where, options);
  return withCallbacks({ onProgress }, signal, (callbacks, stop) =>
    work({ ...callbacks, signal: stop, ...others }),
  );
}

/** Checks and copies the options of `Backend.compile`. Errors: `INVALID_ARGUMENT`. */
export function checkCompileOptions(where: string, options: CompileOptions = {}): CompileOptions {
  return checkOptions(where, options, COMPILE_OPTIONS);
}

/** Checks and copies the options of `Backend.probe`. Errors: `INVALID_ARGUMENT`. */
export function checkProbeOptions(where: string, options: ProbeOptions = {}): ProbeOptions {
  return checkOptions(where, options, PROBE_OPTIONS);
}
