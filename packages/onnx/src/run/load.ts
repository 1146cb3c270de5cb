/** What becomes of a runtime that the application has installed or not. */
import { AttnError } from '@attn/core';
import type { OrtModule } from './runtime.ts';

/**
 * ONNX Runtime's module, whose exports bundlers may put behind `default`. Throws where a bundler was told to
 * leave it out.
 */
export function ortOf(loaded: object): OrtModule {
  const module = loaded as Partial<OrtModule> & { readonly default?: Partial<OrtModule> };
  const found = [module, module.default].find((each) => each?.InferenceSession !== undefined);
  if (found === undefined) throw new Error('its module is empty: the bundle was made without it');
  return found as OrtModule;
}

/** `BACKEND_UNAVAILABLE`, with the command that installs a runtime which is missing. */
export function notLoaded(name: string, cause: unknown): AttnError {
  const { code, message } = Object(cause) as { readonly code?: string; readonly message?: string };
  const isCoded = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // What Vite puts in the place of an optional peer has no code.
  const isMissing = (isCoded || message?.startsWith('Could not resolve')) && message?.includes(name);
  const reason = isMissing
    ? `${name} is not installed; npm install ${name}`
    : `${name} could not be loaded: ${message ?? String(cause)}`;
  return new AttnError('BACKEND_UNAVAILABLE', 'onnx/probe', reason, { cause });
}
