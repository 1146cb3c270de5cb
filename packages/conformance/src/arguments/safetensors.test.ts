/** The public functions of safetensors. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { f32 } from '@attn/core';
import * as safetensors from '@attn/safetensors';
import * as node from '@attn/safetensors/node';
import { afterAll, vi } from 'vitest';
import { describeFunctions } from './describe-functions.ts';

/** Calls a function that writes a file, and keeps files of wrong names out of the working directory. */
const inFolder =
  (write: (...args: never[]) => Promise<void>) =>
  (name: unknown, ...rest: never[]): Promise<void> =>
    (write as (...args: unknown[]) => Promise<void>)(
      typeof name === 'string' && name !== '' ? join(folder, name) : name,
      ...rest,
    );

const folder = mkdtempSync(join(tmpdir(), 'attn-arguments-'));
const path = join(folder, 'x.safetensors');
const tensors = () => ({ x: f32([2], [1, 2]) });
const bytes = safetensors.serializeSafetensors(tensors());
await node.writeSafetensorsFile(path, tensors());
afterAll(() => rmSync(folder, { recursive: true }));

/** A `fetch` that answers with the file, or with a range of it. */
const fetch = async (_url: string, { headers }: RequestInit) => {
  const [, from, to] = /bytes=(\d+)-(\d+)/.exec(new Headers(headers).get('Range') ?? '') ?? [];
  if (from === undefined) return new Response(bytes.slice());
  const range = `bytes ${from}-${to}/${bytes.length}`;
  const status = { status: 206, headers: { 'Content-Range': range } };
  return new Response(bytes.slice(Number(from), Number(to) + 1), status);
};

// Without the option, the global `fetch` is used.
vi.stubGlobal('fetch', fetch);

describeFunctions([safetensors, node], {
  parseSafetensors: { args: () => [bytes] },
  openSafetensors: {
    args: () => [
      {
        size: bytes.length,
        name: 'x',
        read: async (at: number, length: number) => bytes.slice(at, at + length),
      },
    ],
  },
  readSafetensorsHeader: { args: () => [bytes, bytes.length, 'x'] },
  safetensorsParts: { args: () => [tensors(), { format: 'pt' }], depth: 3 },
  serializeSafetensors: { args: () => [tensors(), new Map([['format', 'pt']])], depth: 3 },
  httpSource: {
    args: () => ['https://example.org/x', { fetch, headers: { a: 'b' }, attempts: 1 }],
    options: [1],
    depth: 1,
  },
  httpBytes: {
    args: () => ['https://example.org/x', 2 ** 20, { fetch, attempts: 1 }],
    options: [2],
    depth: 1,
  },
  mistakenFile: 'is for readers of files, on bytes that they have read',
  pause: 'is for our own packages, which have checked what they pass',
  politeFetch: 'is for our own packages, which have checked what they pass',
  decodeTensor: 'is for readers of files, on bytes that they have checked',
  DiskFile: 'is made by DiskFile.open, which the functions that open files call',
  openSafetensorsFile: {
    args: () => [path],
    after: (file) => (file as node.SafetensorsDiskFile).dispose(),
  },
  writeSafetensorsFile: {
    call: inFolder(node.writeSafetensorsFile),
    args: () => ['x.safetensors', tensors(), { metadata: { format: 'pt' } }],
    options: [2],
    depth: 1,
  },
  writeStoredTensors: {
    call: inFolder(node.writeStoredTensors),
    args: () => {
      const stored = { fileDtype: 'U8', shape: [1], bytes: async () => Uint8Array.of(1) };
      return ['x.safetensors', new Map([['x', stored]]), { metadata: { format: 'pt' } }];
    },
    options: [2],
    depth: 1,
  },
});
