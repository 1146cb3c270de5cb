// No file stays open: neither after an example of the docs nor after
// a load that fails midway, for whatever reason.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serializeSafetensors } from '@attn/safetensors';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folderStore } from './files/folder-store.ts';
import type { FileStore, TensorFile } from './files/file-store.ts';
import { openCheckpoint } from './files/open-checkpoint.ts';
import { goldenFolder } from './testing/goldens.testing.ts';
import { loadFrom } from './load.ts';
import { loadModel } from './node.ts';
import { LoadedModel } from './loaded-model.ts';
import { longformerFamily, toLongformer } from './longformer/index.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'attn-handles-'))));
afterEach(() => rm(folder, { recursive: true }));

/** Files under a folder that this process has open. Linux shows them; elsewhere there are none to see. */
async function openFiles(under: string): Promise<readonly string[]> {
  const names = await readdir('/proc/self/fd').catch(() => []);
  const paths = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(under));
}

/** A store that counts its open files. */
function counting(inner: FileStore): { readonly store: FileStore; open(): number } {
  let open = 0;
  const tensors = async (file: string): Promise<TensorFile> => {
    const opened = await inner.tensors(file);
    open += 1;
    const dispose = async (): Promise<void> => {
      open -= 1;
      await opened.dispose();
    };
    return { ...opened, dispose };
  };
  return { store: { ...inner, tensors }, open: () => open };
}

describe('a load', () => {
  test('that succeeds closes what it opened', async () => {
    const { store, open } = counting(folderStore(goldenFolder('longformer_short')));
    await loadFrom(store);
    expect(open()).toBe(0);
  });
  test.each<[string, (source: string) => Promise<unknown>, RegExp]>([
    ['a callback that throws', (source) => loadModel(source, { onProgress: fail }), /mine/],
    [
      'a callback whose promise rejects',
      (source) => loadModel(source, { onProgress: async () => fail() }),
      /mine/,
    ],
    ['an abort', (source) => loadModel(source, { signal: AbortSignal.abort() }), /aborted/],
    [
      'an unknown architecture',
      (source) => loadModel(source, { architecture: 'LongformerForDreams' }),
      /LongformerForDreams/,
    ],
    [
      'a tokenizer.json that is none',
      async (source) => {
        await writeFile(join(source, 'tokenizer.json'), '{}');
        return loadModel(source);
      },
      /tokenizer.json/,
    ],
    [
      'a tensor that is missing',
      async (source) => {
        await writeFile(join(source, 'model.safetensors'), serializeSafetensors({}));
        return loadModel(source);
      },
      /are missing/,
    ],
    [
      'a header that lies',
      async (source) => {
        const bytes = await readFile(join(source, 'model.safetensors'));
        await writeFile(join(source, 'model.safetensors'), bytes.subarray(0, bytes.length / 2));
        return loadModel(source);
      },
      /model.safetensors/,
    ],
  ])('that fails by %s closes what it opened', async (_title, load, message) => {
    await cp(goldenFolder('longformer_short'), folder, { recursive: true });
    await expect(load(folder)).rejects.toThrow(message);
    expect(await openFiles(folder)).toEqual([]);
  });
});

test('`await using` closes a checkpoint and releases a model', async () => {
  const { store, open } = counting(folderStore(goldenFolder('roberta_encoder')));
  {
    await using checkpoint = await openCheckpoint(store);
    await using long = toLongformer(checkpoint);
    await using model = new LoadedModel(await longformerFamily.load(long));
    expect([open(), model.network.maxLength]).toEqual([1, 4096]);
  }
  expect(open()).toBeLessThan(1);
});

test('the long model of a short one closes it', async () => {
  const { store, open } = counting(folderStore(goldenFolder('roberta_encoder')));
  const short = await openCheckpoint(store);
  const long = toLongformer(short);
  expect(open()).toBe(1);
  await long.dispose();
  expect(open()).toBe(0);
});

/** The docs' example of this heading, run by itself where the packages are. */
test('the docs’ example of a long model leaves no file open', { timeout: 60_000 }, async () => {
  const docs = await readFile(fileURLToPath(new URL('../../../docs/models.md', import.meta.url)), 'utf8');
  const [, example] = /## A long model out of a short one\n+```ts\n(.+?)```/s.exec(docs) ?? [];
  expect(example).toContain('toLongformer');
  await cp(goldenFolder('roberta_encoder'), join(folder, 'roberta-base'), { recursive: true });
  await symlink(fileURLToPath(new URL('../node_modules', import.meta.url)), join(folder, 'node_modules'));
  // A package can import itself by name only from inside its folder.
  const imported = example.replace(
    "'@attn/models/node'",
    JSON.stringify(new URL('../dist/node.js', import.meta.url).href),
  );
  // In a function, so that its variables end with it.
  const code = imported.replace(/^(import .+?;)\n(.+)$/s, '$1\nawait (async () => {\n$2})();');
  // The garbage collector closes a forgotten file, and warns about it: DEP0137.
  const collect =
    '\nfor (let i = 0; i < 10; i++) { globalThis.gc(); await new Promise((turn) => setTimeout(turn, 10)); }\n';
  await writeFile(join(folder, 'example.mjs'), code + collect);
  const run = promisify(execFile)(process.execPath, ['--expose-gc', '--throw-deprecation', 'example.mjs'], {
    cwd: folder,
  });
  await expect(run).resolves.toMatchObject({ stderr: '' });
  expect((await loadModel(join(folder, 'roberta-base-4096'))).network.maxLength).toBe(4096);
});

function fail(): never {
  throw new Error('mine');
}
