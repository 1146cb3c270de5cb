// A store is opened again from its folders, also where its weights are in another one.
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { withWeights } from '../hub/copies.ts';
import { goldenFolder } from '../testing/goldens.testing.ts';
import { folderStore } from './folder-store.ts';
import { storeAt } from './store-at.ts';

const [folder, other] = ['tasks/st-mean', 'longformer_short'].map((name) => resolve(goldenFolder(name)));

test('a folder', async () => {
  const { place } = folderStore(folder, 'org/name');
  expect(structuredClone(place)).toEqual({ name: 'org/name', folder });
  const store = storeAt(place ?? expect.fail('no place'));
  expect([store.name, await store.has('config.json')]).toEqual(['org/name', true]);
});

test('weights of another revision, from a folder of their own', async () => {
  const first = withWeights(folderStore(folder, 'org/name'), folderStore(other), 'refs/pr/4');
  const store = storeAt(first.place ?? expect.fail('no place'));
  for (const file of ['model.safetensors', 'config.json'])
    expect(store.revisionOf?.(file)).toBe(first.revisionOf?.(file));
  const [own, expected] = [
    await store.tensors('model.safetensors'),
    await first.tensors('model.safetensors'),
  ];
  expect(own.names).toEqual(expected.names);
  expect(await store.bytes('modules.json', 1e6)).toBeDefined();
  await Promise.all([own.dispose(), expected.dispose()]);
});

test('a store that is in no folder has no place', () => {
  const store = { ...folderStore(folder), place: undefined };
  expect(withWeights(store, folderStore(other), 'refs/pr/4').place).toBeUndefined();
  expect(withWeights(folderStore(folder), store, 'refs/pr/4').place).toBeUndefined();
});
