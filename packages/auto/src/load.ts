/** Backends that may not be installed, may have been left out of a bundle, or may fail while they load. */
import { AttnError, type Backend } from '@attn/core';

/** The error of a module that was found but is empty. */
class EmptyModule extends Error {}

/**
 * Calls a backend's factory with options. The factory is undefined when a bundler was
 * told to leave the backend out: it then puts an empty module in its place.
 */
export function backendOf<O extends object>(
  factory: ((options: O) => Backend) | undefined,
  options: O,
): Backend {
  if (typeof factory !== 'function') throw new EmptyModule();
  return factory(options);
}

/** A backend in the place of one that could not be loaded. It is never available, and its probe says why. */
export function standIn(name: string, error: unknown): Backend {
  const reason = reasonOf(error, `@attn/${name}`);
  return {
    name,
    probe: async () => ({ available: false, reason }),
    supports: () => reason,
    estimate: () => Infinity,
    compile: async () => {
      throw new AttnError('BACKEND_UNAVAILABLE', `auto/${name}`, reason);
    },
    dispose: async () => {},
  };
}

function reasonOf(error: unknown, packageName: string): string {
  const install = `npm install ${packageName}`;
  if (error instanceof EmptyModule) {
    return `it is not installed, or its bundle was made without it; ${install}`;
  }
  if (isNotInstalled(error, packageName)) return `it is not installed; ${install}`;
  if (error instanceof AttnError) return error.sentence;
  return `it could not be loaded: ${messageOf(error) ?? String(error)}`;
}

/** The message of an error of any realm: in Jest, errors are not `instanceof Error`. */
function messageOf(error: unknown): string | undefined {
  const { message } = Object(error) as { readonly message?: unknown };
  return typeof message === 'string' ? message : undefined;
}

/**
 * True when exactly this package is missing. A package that is installed
 * but lacks one of its own dependencies is broken, not absent.
 */
function isNotInstalled(error: unknown, packageName: string): boolean {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  const message = messageOf(error) ?? '';
  const isMissing =
    code === 'ERR_MODULE_NOT_FOUND' || // Node
    code === 'MODULE_NOT_FOUND' || // webpack, Turbopack, Jest
    (name === 'TypeError' && message.includes('specifier')) || // browsers
    message.startsWith('Could not resolve'); // what Vite puts in the place of an optional peer
  const [, specifier = ''] = /['"“]([^'"”]+)['"”]/.exec(message) ?? [];
  return isMissing && (specifier === packageName || specifier.startsWith(`${packageName}/`));
}
