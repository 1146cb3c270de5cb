// A backend that cannot be loaded is listed with the reason, and the other backends still work.
import { AttnError, createAttn, f32 } from '@attn/core';
import { cpu } from '@attn/cpu';
import { expect, test } from 'vitest';
import { createAttn as createDefault } from './index.ts';
import { backendOf, standIn } from './load.ts';

const coded = (error: Error, code: string): Error => Object.assign(error, { code });

test('a backend that is not installed is listed with the reason, and the others work', async () => {
  const name = '@attn/absent';
  const error: unknown = await import(/* @vite-ignore */ name).catch((thrown: unknown) => thrown);
  const attn = await createAttn({ backends: [standIn('absent', error), cpu()] });
  expect(attn.probe()).toMatchObject([
    { name: 'absent', available: false, reason: 'it is not installed; npm install @attn/absent' },
    { name: 'cpu', available: true },
  ]);
  const q = f32([1, 1, 1, 2], [1, 2]);
  expect(await attn.attention({ q, k: q, v: q })).toMatchObject({ backend: 'cpu', out: q });
  await expect(attn.attention({ q, k: q, v: q }, { backend: 'absent' })).rejects.toMatchObject({
    code: 'BACKEND_UNAVAILABLE',
  });
  await attn.dispose();
});

test.each([
  ['Node', coded(new Error("Cannot find package '@attn/x' imported from /y.js"), 'ERR_MODULE_NOT_FOUND')],
  ['webpack, Turbopack', coded(new Error("Cannot find module '@attn/x'"), 'MODULE_NOT_FOUND')],
  ['Jest', coded(new Error("Cannot find module '@attn/x' from 'node_modules/y.js'"), 'MODULE_NOT_FOUND')],
  ['Vite', new Error('Could not resolve "@attn/x/runtime" imported by "@attn/auto". Is it installed?')],
  ['Chromium', new TypeError("Failed to resolve module specifier '@attn/x'")],
  [
    'Firefox',
    new TypeError('The specifier “@attn/x” was a bare specifier, but was not remapped to anything.'),
  ],
])('what %s says of a package that is not installed is understood', async (_who, error) => {
  expect(await standIn('x', error).probe()).toEqual({
    available: false,
    reason: 'it is not installed; npm install @attn/x',
  });
});

test.each([
  [
    'a dependency of it is missing',
    coded(new Error("Cannot find package 'left-pad' imported from /@attn/x/y.js"), 'ERR_MODULE_NOT_FOUND'),
    "it could not be loaded: Cannot find package 'left-pad' imported from /@attn/x/y.js",
  ],
  ['its module throws', new Error('no such global'), 'it could not be loaded: no such global'],
  ['its module throws text', 'out of luck', 'it could not be loaded: out of luck'],
  ['its module throws nothing', undefined, 'it could not be loaded: undefined'],
  [
    'its factory refuses',
    new AttnError('INVALID_ARGUMENT', 'x', 'threads must be few'),
    'threads must be few',
  ],
])('%s: that is the reason', async (_title, error, reason) => {
  expect(await standIn('x', error).probe()).toEqual({ available: false, reason });
});

test('a module that a bundler has emptied is listed as left out', async () => {
  const emptied: { readonly x?: () => ReturnType<typeof cpu> } = {};
  const load = () => backendOf(emptied.x, {});
  expect(load).toThrow();
  const reason = 'it is not installed, or its bundle was made without it; npm install @attn/x';
  const error = await Promise.resolve()
    .then(load)
    .catch((thrown: unknown) => thrown);
  expect(await standIn('x', error).probe()).toEqual({ available: false, reason });
});

test('the default list has the backends of this project', async () => {
  const attn = await createDefault({ backend: 'cpu' });
  const names = attn.probe().map(({ name }) => name);
  expect(names).toContain('cpu');
  expect(new Set(names).size).toBe(names.length);
  await attn.dispose();
});

test('only the backends of a list are loaded, in its order, with so many threads each', async () => {
  const attn = await createDefault({ backends: ['wasm', 'cpu'], threads: 1, weightsInPlace: true });
  expect(attn.probe().map(({ name }) => name)).toEqual(['wasm', 'cpu']);
  expect(attn.probe()).toMatchObject([{ features: { threads: 1 } }, { available: true }]);
  await attn.dispose();
});
