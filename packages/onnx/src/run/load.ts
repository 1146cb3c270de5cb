/** Loading an ONNX Runtime that the application may or may not have installed. */
import { AttnError } from '@attn/core';
import type { OrtModule } from './runtime.ts';

/**
 * ONNX Runtime's exports, which some bundlers put behind `default`. Throws an `Error` for the empty module
 * that a bundler puts in the place of a package it was told to leave out.
 */
export function ortFrom(imported: object): OrtModule {
  const module = imported as Partial<OrtModule> & { readonly default?: Partial<OrtModule> };
  const ort = [module, module.default].find((candidate) => candidate?.InferenceSession !== undefined);
  if (ort === undefined) throw new Error('its module is empty: the bundle was made without it');
  return ort as OrtModule;
}

/**
 * The `BACKEND_UNAVAILABLE` error of a failed import. It names the install command where the package is
 * missing.
 */
export function loadError(name: string, cause: unknown): AttnError {
  const { code, message } = Object(cause) as { readonly code?: string; readonly message?: string };
  const isCoded = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // Vite's stand-in for a missing optional peer throws an error without a code.
  const isMissing = (isCoded || message?.startsWith('Could not resolve')) && message?.includes(name);
  const reason = isMissing
    ? `${name} is not installed; npm install ${name}`
    : `${name} could not be loaded: ${message ?? String(cause)}`;
  return new AttnError('BACKEND_UNAVAILABLE', 'onnx/probe', reason, { cause });
}
