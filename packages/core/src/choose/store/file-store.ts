/** A store in a file of the user's cache folder, in Node and Bun. All processes of the user share it. */
import type { CalibrationStore } from './calibration-store.ts';
import { readEntries, withEntry } from './entries.ts';
import { builtin, runtime } from '../../util/runtime.ts';

interface FileSystem {
  existsSync(path: string): boolean;
  mkdirSync(path: string, options: { readonly recursive: true }): void;
  readFileSync(path: string, encoding: 'utf8'): string;
  renameSync(from: string, to: string): void;
  writeFileSync(path: string, text: string): void;
}

interface Paths {
  isAbsolute(path: string): boolean;
  join(...parts: string[]): string;
}

/** The store, or undefined where there are no files. */
export function fileStore(): CalibrationStore | undefined {
  const fs = builtin<FileSystem>('node:fs');
  const path = builtin<Paths>('node:path');
  const folder = path && cacheFolder(path);
  if (fs === undefined || path === undefined || folder === undefined) return undefined;
  const file = path.join(folder, 'attn', 'measured.json');
  const read = () => readEntries(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined);
  return {
    get: (key) => read().get(key),
    set(key, value) {
      // Whole or not at all: another process may read it now, and the last to write wins.
      const draft = `${file}.${runtime().process?.pid ?? 0}`;
      fs.mkdirSync(path.join(folder, 'attn'), { recursive: true });
      fs.writeFileSync(draft, withEntry(read(), key, value));
      fs.renameSync(draft, file);
    },
  };
}

/** The folder where this user's programs keep what they can make again. */
function cacheFolder({ isAbsolute, join }: Paths): string | undefined {
  const { env = {}, platform } = runtime().process ?? {};
  const home = builtin<{ homedir(): string }>('node:os')?.homedir() ?? '';
  const inHome = (...parts: string[]) => (isAbsolute(home) ? join(home, ...parts) : undefined);
  switch (platform) {
    case 'win32':
      return env.LOCALAPPDATA ?? inHome('AppData', 'Local');
    case 'darwin':
      return inHome('Library', 'Caches');
    default: {
      // https://specifications.freedesktop.org/basedir-spec: a relative path is to be ignored.
      const { XDG_CACHE_HOME = '' } = env;
      return isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : inHome('.cache');
    }
  }
}
