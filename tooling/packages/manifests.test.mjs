// Fields that every published package must have.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROWS } from './sizes/measured.mjs';

const root = join(import.meta.dirname, '../..');
const json = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
const manifests = readdirSync(join(root, 'packages'))
  .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
  .map((name) => json(`packages/${name}/package.json`))
  .filter((manifest) => !manifest.private);
const { fixed } = json('.changeset/config.json');

/** Runtimes of packages; the user who installs a runtime chooses its version. */
const RUNTIMES = ['onnxruntime-node', 'onnxruntime-web', 'webgpu', 'vitest'];

/** Libraries whose classes a package of ours extends: they must be there. */
const HOSTS = ['@langchain/core'];

/** Packages that are not for applications, and so have no limit of size. */
const UNWEIGHED = ['@attn/conformance'];

describe.each(manifests)('$name', (manifest) => {
  test('is checked when it is packed', () => {
    expect(manifest.scripts).toMatchObject({
      publint: 'publint --strict',
      attw: 'attw --pack . --profile esm-only',
    });
    expect(manifest).toMatchObject({ type: 'module', sideEffects: false, license: 'Apache-2.0' });
    expect(manifest.publishConfig).toEqual({ access: 'public' });
  });

  test('is released with the others', () => {
    expect(fixed.flat()).toContain(manifest.name);
  });

  test('has a limit of size', () => {
    if (!UNWEIGHED.includes(manifest.name)) expect(ROWS.map(({ what }) => what)).toContain(manifest.name);
  });

  test('has its runtimes as optional peers', () => {
    const dependencies = Object.keys(manifest.dependencies ?? {});
    expect(dependencies.filter((name) => RUNTIMES.includes(name))).toEqual([]);
    const peers = Object.keys(manifest.peerDependencies ?? {});
    for (const name of peers.filter((peer) => !HOSTS.includes(peer)))
      expect(manifest.peerDependenciesMeta).toMatchObject({ [name]: { optional: true } });
  });
});

test('whatever is released together exists', () => {
  const names = ['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => existsSync(join(root, folder, name, 'package.json')))
      .map((name) => json(`${folder}/${name}/package.json`).name),
  );
  expect(fixed.flat().filter((name) => !names.includes(name))).toEqual([]);
});
