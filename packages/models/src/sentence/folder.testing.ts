/** Folders of sentence-transformers in memory, with some of their files changed. */
import type { FileStore } from '../files/file-store.ts';
import type { Files } from '../files/server.testing.ts';
import { openTensors } from '../files/tensor-file.ts';

/** The bytes of a value in JSON. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** A store of files; undefined takes a file away. */
export function storeOf(
  files: Files,
  changes: Readonly<Record<string, Uint8Array | undefined>> = {},
): FileStore {
  const all = new Map<string, Uint8Array | undefined>([...files, ...Object.entries(changes)]);
  return {
    name: 'test',
    has: async (file) => all.get(file) !== undefined,
    bytes: async (file) => all.get(file),
    tensors: async (file) => {
      const bytes = all.get(file) ?? new Uint8Array(0);
      return openTensors(file, {
        size: bytes.length,
        read: async (at, length) => bytes.slice(at, at + length),
      });
    },
  };
}

/** A modules.json of modules of these types, in folders of their usual names. */
export function modulesOf(...types: readonly string[]): Uint8Array {
  return json(
    types.map((type, idx) => ({
      idx,
      name: `${idx}`,
      path: idx === 0 ? '' : `${idx}_${type}`,
      type: `x.${type}`,
    })),
  );
}
