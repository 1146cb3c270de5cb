// Files on disk: the target is whole or untouched, whatever goes wrong, and nothing is left beside it.
import { mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { f32, type Tensor } from '@attn/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSafetensorsFile, writeSafetensorsFile, writeStoredTensors, type StoredTensor } from './node.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-safetensors-'));
});
afterEach(() => rm(folder, { recursive: true }));

const x = f32([2], [1, 2]);

test('write and read back', async () => {
  const path = join(folder, 'a.safetensors');
  await writeSafetensorsFile(path, { x }, { metadata: { from: 'test' } });
  const file = await openSafetensorsFile(path);
  expect(await file.tensor('x')).toEqual(x);
  expect(file.metadata).toEqual(new Map([['from', 'test']]));
  await file.dispose();
  await file.dispose();
  expect(await readdir(folder)).toEqual(['a.safetensors']);
});

test('`await using` closes the file', async () => {
  const path = join(folder, 'a.safetensors');
  await writeSafetensorsFile(path, { x });
  let later: Promise<Tensor> | undefined;
  {
    await using file = await openSafetensorsFile(path);
    expect(await file.tensor('x')).toEqual(x);
    later = Promise.resolve().then(() => setTimeout(10).then(() => file.tensor('x')));
  }
  await expect(later).rejects.toThrow('could not read');
});

test('an existing file is replaced, through a symbolic link too', async () => {
  const path = join(folder, 'a.safetensors');
  await writeFile(path, 'old');
  await symlink(path, join(folder, 'link'));
  await writeSafetensorsFile(join(folder, 'link'), { x });
  const file = await openSafetensorsFile(path);
  expect(await file.tensor('x')).toEqual(x);
  await file.dispose();
  expect((await readdir(folder)).sort()).toEqual(['a.safetensors', 'link']);
});

test('an aborted or failed write leaves the old file and nothing else', async () => {
  const path = join(folder, 'a.safetensors');
  await writeFile(path, 'old');
  const aborted = writeSafetensorsFile(path, { x }, { signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  const bad: Tensor = { dtype: 'f32', shape: [3], data: new Float32Array(2) };
  await expect(writeSafetensorsFile(path, { bad })).rejects.toMatchObject({ code: 'INVALID_SHAPE' });
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['a.safetensors']);
});

test('paths that cannot be', async () => {
  const missing = join(folder, 'none', 'a.safetensors');
  await expect(openSafetensorsFile(missing)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await expect(writeSafetensorsFile(missing, { x })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await expect(openSafetensorsFile(folder)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(writeSafetensorsFile(folder, { x })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('a file that shrinks after it was opened', async () => {
  const path = join(folder, 'a.safetensors');
  await writeSafetensorsFile(path, { x });
  const file = await openSafetensorsFile(path);
  await truncate(path, 10);
  await expect(file.tensor('x')).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
  await file.dispose();
});

test('a tensor that is read later: by itself, also when the file is closed, and not from another file', async () => {
  const path = join(folder, 'a.safetensors');
  const half: Tensor = { dtype: 'f16', shape: [3], data: Uint16Array.of(1, 2, 3) };
  const flags: Tensor = { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) };
  await writeSafetensorsFile(path, { flags, half, x });
  await symlink(path, join(folder, 'link'));
  const file = await openSafetensorsFile(join(folder, 'link'));
  const later = ['flags', 'half', 'x'].map((name) => file.lazyTensor(name));
  const bytes = ['flags', 'half', 'x'].map((name) => file.lazyBytes(name));
  expect(() => file.lazyTensor('y')).toThrow('has no tensor "y"');
  expect(() => file.lazyBytes('y')).toThrow('has no tensor "y"');
  await file.dispose();
  expect(later.map(({ data }) => data)).toEqual([flags.data, half.data, x.data]);
  expect(bytes.map(({ data }) => [...data])).toEqual([
    [1, 0, 1],
    [1, 0, 2, 0, 3, 0],
    [...new Uint8Array(Float32Array.from(x.data).buffer)],
  ]);
  expect(bytes[1].file).toEqual(later[1].file);
  expect(later[2].file).toMatchObject({ folder, name: 'a.safetensors', byteLength: 8 });
  const another = await openSafetensorsFile(path);
  const again = another.lazyTensor('x');
  await another.dispose();
  await truncate(path, 10);
  expect(() => again.data).toThrow('it has changed since it was opened');
  expect(() => again.file?.verify()).toThrow('it has changed since it was opened');
  expect(again.file?.verify).toBe(another.lazyTensor('x').file?.verify);
  await rm(path);
  expect(() => again.data).toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }));
});

test('tensors as they are stored: any dtype, the order of the map, one in memory at a time', async () => {
  const path = join(folder, 'a.safetensors');
  const stored = (fileDtype: StoredTensor['fileDtype'], ...bytes: readonly number[]): StoredTensor => ({
    fileDtype,
    shape: [1],
    bytes: async () => Uint8Array.from(bytes),
  });
  const tensors = new Map([
    ['flag', stored('BOOL', 1)],
    ['bf16', stored('BF16', 0x80, 0x3f)],
    ['i64', stored('I64', 7, 0, 0, 0, 0, 0, 0, 0)],
    ['', stored('F32', 0, 0, 0x80, 0x7f)],
  ]);
  const progress: string[] = [];
  await writeStoredTensors(path, tensors, {
    metadata: { format: 'pt' },
    onProgress: ({ done, total }) => progress.push(`${done}/${total}`),
  });
  expect(progress).toEqual(['0/15', '8/15', '12/15', '14/15', '15/15']);
  const file = await openSafetensorsFile(path);
  expect(file.names).toEqual(['flag', 'bf16', 'i64', '']);
  for (const [name, { fileDtype, bytes }] of tensors) {
    expect(file.spec(name).fileDtype).toBe(fileDtype);
    expect(await file.bytes(name)).toEqual(await bytes());
    expect(file.spec(name).byteOffset % (await bytes()).length).toBe(0);
  }
  await file.dispose();
});

test('a stored tensor that cannot be read, or has other bytes, leaves nothing behind', async () => {
  const path = join(folder, 'a.safetensors');
  const error = new Error('mine');
  const write = (bytes: () => Promise<Uint8Array>): Promise<void> =>
    writeStoredTensors(path, new Map([['x', { fileDtype: 'F32', shape: [2], bytes }]]));
  await expect(write(() => Promise.reject(error))).rejects.toBe(error);
  await expect(write(async () => new Uint8Array(7))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: '[attn/safetensors] write: tensor "x" must have 8 bytes, got 7',
  });
  expect(await readdir(folder)).toEqual([]);
});
