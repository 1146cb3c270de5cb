/** Loading a runtime that the application has installed, or saying how to. */
import { AttnError } from '@attn/core';
import type { OrtModule } from './runtime.ts';

/** The module. Errors: `BACKEND_UNAVAILABLE` with the command that installs it. */
export async function loadOrt(name: string, load: () => Promise<unknown>): Promise<OrtModule> {
  let loaded: unknown;
  try {
    loaded = await load();
  } catch (cause) {
    const { code, message } = cause as { readonly code?: string; readonly message?: string };
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' && message?.includes(`'${name}'`);
    const reason = isMissing
      ? `${name} is not installed; npm install ${name}`
      : `${name} could not be loaded: ${message ?? String(cause)}`;
    throw new AttnError('BACKEND_UNAVAILABLE', 'onnx/probe', reason, { cause });
  }
  const module = loaded as Partial<OrtModule> & { readonly default?: OrtModule };
  return module.InferenceSession === undefined ? (module.default as OrtModule) : (module as OrtModule);
}
