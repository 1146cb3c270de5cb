/** What is checked of the arguments of `createAttn` and of its methods before anything is done with them. */
import type { Backend, CompileOptions } from '../contract/backend.ts';
import { checkOptions, type OptionKinds } from '../check/check-options.ts';
import { AttnError, show } from '../errors.ts';
import { COMPILE_OPTIONS, RUN_OPTIONS } from '../contract/run-options.ts';
import { aSignal, aString, listOf, oneOf, required, type Kind } from '../check/kinds.ts';
import { unknownName } from '../check/nearest-name.ts';
import type { AttnOptions, AttnRunOptions, CreateStateOptions } from './attn.ts';

const WHERE = 'core/createAttn';

const aBackend: Kind = {
  expected: 'a backend',
  test: (value) =>
    typeof value === 'object' &&
    value !== null &&
    'compile' in value &&
    typeof (value as Partial<Backend>).name === 'string',
};

const aCache: Kind = {
  expected: 'true, false or an object with get and set',
  test: (value) =>
    typeof value === 'boolean' ||
    (typeof value === 'object' && value !== null && 'get' in value && 'set' in value),
};

/** What each option of `createAttn` must be. */
export const ATTN_OPTIONS: OptionKinds<AttnOptions> = {
  backends: required(listOf(aBackend, 'a list of backends such as cpu()')),
  backend: aString,
  tune: oneOf('estimate', 'measure'),
  cache: aCache,
  signal: aSignal,
};

/** What each option of a run must be. */
export const ATTN_RUN_OPTIONS: OptionKinds<AttnRunOptions> = { ...RUN_OPTIONS, backend: aString };

/** Options of `Attn.compile`. */
export type AttnCompileOptions = CompileOptions & { readonly backend?: string };

const ATTN_COMPILE_OPTIONS: OptionKinds<AttnCompileOptions> = { ...COMPILE_OPTIONS, backend: aString };

const CREATE_STATE_OPTIONS: OptionKinds<CreateStateOptions> = { backend: aString, signal: aSignal };

const CALIBRATE_OPTIONS = { signal: aSignal };

/** The options, whose backends are there and have different names. Errors: `INVALID_ARGUMENT`. */
export function checkAttnOptions(options: AttnOptions): AttnOptions {
  const checked = checkOptions(WHERE, options, ATTN_OPTIONS);
  const names = checked.backends.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      `backends must have different names, got ${show(twice)} twice`,
    );
  }
  if (checked.backend !== undefined && !names.includes(checked.backend))
    throw new AttnError('INVALID_ARGUMENT', WHERE, unknownName('backend', checked.backend, names));
  return checked;
}

/** The options of a run. Errors: `INVALID_ARGUMENT`. */
export function checkAttnRunOptions(options: AttnRunOptions): AttnRunOptions {
  return checkOptions('core/run', options, ATTN_RUN_OPTIONS);
}

/** The options of `compile`. Errors: `INVALID_ARGUMENT`. */
export function checkAttnCompileOptions(options: AttnCompileOptions): AttnCompileOptions {
  return checkOptions('core/compile', options, ATTN_COMPILE_OPTIONS);
}

/** The options of `createState`. Errors: `INVALID_ARGUMENT`. */
export function checkCreateStateOptions(options: CreateStateOptions): CreateStateOptions {
  return checkOptions('core/createState', options, CREATE_STATE_OPTIONS);
}

/** The options of `calibrate`. Errors: `INVALID_ARGUMENT`. */
export function checkCalibrateOptions(options: { readonly signal?: AbortSignal }): {
  readonly signal?: AbortSignal;
} {
  return checkOptions('core/calibrate', options, CALIBRATE_OPTIONS);
}
