/**
 * State dicts as torch wrote them, and files that are wrong or hostile, each with its verdict.
 * `ATTN_GOLDENS` names a folder with a whole set in `checkpoints`; by default the set of this package is
 * read.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AttnError } from '@attn/core';
import { parseSafetensors } from '@attn/safetensors';
import { describe, expect, test } from 'vitest';
import { BEGINNINGS, type Refusal } from './errors.ts';
import { openTorch, parseTorch } from './read.ts';
import { bytesSource } from './source.ts';

interface Case {
  readonly id: string;
  readonly group: string;
  readonly file: string;
  readonly verdict: 'accept' | 'refuse' | 'either';
  readonly error?: readonly Refusal[];
  readonly expected?: string;
  readonly max_alloc?: number;
}

const { ATTN_GOLDENS } = process.env;
const folder = ATTN_GOLDENS ? join(ATTN_GOLDENS, 'checkpoints') : join(import.meta.dirname, '../goldens');
const { cases } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
  readonly cases: readonly Case[];
};
const of = (group: string): readonly Case[] => cases.filter((each) => each.group === group);

const read = (file: string): Uint8Array => new Uint8Array(readFileSync(join(folder, file)));

/** Every tensor's bytes by name, or the refusal. */
async function bytesOf(file: string): Promise<ReadonlyMap<string, Uint8Array> | AttnError> {
  try {
    const open = await openTorch(bytesSource(read(file)));
    const all = new Map<string, Uint8Array>();
    for (const name of open.names) all.set(name, await open.bytes(name));
    return all;
  } catch (error) {
    if (error instanceof AttnError) return error;
    throw error;
  }
}

/** Bytes that this process has allocated and not collected, in V8's heap and outside of it. */
function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly byteLength: number;
}

/**
 * The header of a .safetensors file whose names may be any, also `__proto__` and numbers; in the order of
 * the data.
 */
function tensorsOf(file: Uint8Array): ReadonlyMap<string, Entry> {
  const start = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const pairs: [string, Entry][] = [];
  // A reviver sees every name; an object that is returned would lose `__proto__`.
  JSON.parse(new TextDecoder().decode(file.subarray(8, start)), (name, value: unknown) => {
    const {
      dtype,
      shape,
      data_offsets: range,
    } = Object(value) as {
      dtype?: string;
      shape?: readonly number[];
      data_offsets?: readonly [number, number];
    };
    if (dtype !== undefined && shape !== undefined && range !== undefined)
      pairs.push([name, { dtype, shape, offset: start + range[0], byteLength: range[1] - range[0] }]);
    return value;
  });
  return new Map(pairs.sort(([, a], [, b]) => a.offset - b.offset));
}

/** Whether a refusal says one of the reasons that a case allows. */
function says(error: AttnError, kinds: readonly Refusal[] = []): boolean {
  return kinds.some((kind) => error.message.startsWith(`[attn/torch] read: ${BEGINNINGS[kind]}: `));
}

describe('state dicts', () => {
  test.each(of('state').map((each) => [each.id, each] as const))('%s', async (_, golden) => {
    const got = await bytesOf(golden.file);
    if (golden.verdict === 'refuse') {
      expect(got).toBeInstanceOf(AttnError);
      if (got instanceof AttnError) expect(says(got, golden.error), got.message).toBe(true);
      return;
    }
    if (golden.verdict === 'either' && got instanceof AttnError) return;
    if (got instanceof AttnError) throw got;
    const expected = read(golden.expected ?? '');
    const tensors = tensorsOf(expected);
    const file = await openTorch(bytesSource(read(golden.file)));
    expect(file.names).toEqual([...tensors.keys()]);
    for (const [name, { dtype, shape, offset, byteLength }] of tensors) {
      expect(file.spec(name)).toMatchObject({ fileDtype: dtype, shape });
      expect(
        Buffer.compare(got.get(name) ?? Buffer.of(), expected.subarray(offset, offset + byteLength)),
        name,
      ).toBe(0);
    }
  });
});

describe('hostile files', () => {
  test.each(of('hostile').map((each) => [each.id, each] as const))('%s', async (_, golden) => {
    await bytesOf(golden.file); // What is loaded and compiled once counts for no file.
    const start = performance.now();
    const before = memory();
    const got = await bytesOf(golden.file);
    const growth = memory() - before;
    expect(performance.now() - start).toBeLessThan(1000);
    // A collection of garbage only lessens it.
    expect(growth).toBeLessThan((golden.max_alloc ?? Infinity) + read(golden.file).length);
    if (golden.verdict === 'either' && !(got instanceof AttnError)) return;
    expect(got).toBeInstanceOf(AttnError);
    if (got instanceof AttnError) expect(says(got, golden.error), got.message).toBe(true);
  });
});

test('tensors that are tied in the file are one tensor, and are decoded as .safetensors files are', async () => {
  const tensors = await parseTorch(read('state/same_object_twice_zip/pytorch_model.bin'));
  expect(tensors.get('a')).toBe(tensors.get('b'));
  const expected = parseSafetensors(read('state/same_object_twice_zip/expected.safetensors')).tensors;
  for (const [name, tensor] of expected) expect(tensors.get(name)).toEqual(tensor);
});
