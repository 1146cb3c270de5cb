// Which failures to load mean "not installed", and that nothing else is swallowed.
import { createAttn, f32, type Backend } from '@attn/core';
import { cpu } from '@attn/cpu';
import { expect, test } from 'vitest';
import { createAttn as createDefault } from './index.ts';
import { loadBackends } from './load.ts';

const absent = 'attn-no-such-package';
const loaderOf = (load: () => Promise<Backend>) => ({ name: 'absent', package: absent, load });

test('a backend that is not installed is listed with the reason, and the others work', async () => {
  const missing = loaderOf(() => import(/* @vite-ignore */ `${absent}`));
  const installed = { name: 'cpu', package: '@attn/cpu', load: async () => cpu() };
  const attn = await createAttn({ backends: await loadBackends([missing, installed]) });
  expect(attn.probe()).toMatchObject([
    { name: 'absent', available: false, reason: `it is not installed; npm install ${absent}` },
    { name: 'cpu', available: true },
  ]);
  const q = f32([1, 1, 1, 2], [1, 2]);
  expect(await attn.attention({ q, k: q, v: q })).toMatchObject({ backend: 'cpu', out: q });
  await expect(attn.attention({ q, k: q, v: q, backend: 'absent' })).rejects.toMatchObject({
    code: 'BACKEND_UNAVAILABLE',
  });
  await attn.dispose();
});

test.each([
  [
    'Node',
    Object.assign(new Error(`Cannot find package '${absent}' imported from /x.js`), {
      code: 'ERR_MODULE_NOT_FOUND',
    }),
  ],
  ['Vite', new Error(`Could not resolve "${absent}/runtime" imported by "@attn/auto". Is it installed?`)],
])('what %s says of it is understood', async (_who, error) => {
  const [backend] = await loadBackends([loaderOf(() => Promise.reject(error))]);
  expect(await backend.probe()).toMatchObject({ available: false });
});

test.each([
  [
    'a dependency of it is missing',
    'ERR_MODULE_NOT_FOUND',
    `Cannot find package 'left-pad' imported from /${absent}/x.js`,
  ],
  ['it throws', 'ERR_OTHER', `'${absent}' failed`],
])('%s: the error comes through', async (_title, code, message) => {
  const error = Object.assign(new Error(message), { code });
  await expect(loadBackends([loaderOf(() => Promise.reject(error))])).rejects.toBe(error);
});

test('the default list has the backends of this project', async () => {
  const attn = await createDefault({ backend: 'cpu' });
  const names = attn.probe().map(({ name }) => name);
  expect(names).toContain('cpu');
  expect(new Set(names).size).toBe(names.length);
  await attn.dispose();
});
