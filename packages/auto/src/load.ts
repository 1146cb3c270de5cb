/** Loads backends that may not be installed. */
import { AttnError, type Backend } from '@attn/core';

/** Where a backend comes from. */
export interface Loader {
  readonly name: string;
  /** The package to install. */
  readonly package: string;
  load(): Promise<Backend>;
}

/** Every backend, side by side; a stand-in that says why for one that is not installed. Other failures are thrown. */
export function loadBackends(loaders: readonly Loader[]): Promise<Backend[]> {
  return Promise.all(
    loaders.map(async (loader) => {
      try {
        return await loader.load();
      } catch (error) {
        if (isNotInstalled(error, loader.package)) return notInstalled(loader);
        throw error;
      }
    }),
  );
}

/** True for exactly this package: one that is installed but lacks a dependency of its own is broken, not absent. */
function isNotInstalled(error: unknown, packageName: string): boolean {
  if (!(error instanceof Error)) return false;
  const missing = 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'; // Node
  const unresolved = error instanceof TypeError && error.message.includes('specifier'); // browsers
  const unbundled = error.message.startsWith('Could not resolve'); // what Vite puts in the place of an optional peer
  const [, named = ''] = /['"“]([^'"”]+)['"”]/.exec(error.message) ?? [];
  return (
    (missing || unresolved || unbundled) && (named === packageName || named.startsWith(`${packageName}/`))
  );
}

function notInstalled({ name, package: packageName }: Loader): Backend {
  const reason = `it is not installed; npm install ${packageName}`;
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
