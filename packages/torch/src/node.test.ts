import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openTorchFile } from './node.ts';
import { parseTorch } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'attn-torch-'));
afterAll(() => rmSync(folder, { recursive: true }));

const golden = (id: string) => join(import.meta.dirname, '../goldens/state', id, 'pytorch_model.bin');

describe('a file on disk', () => {
  test.each(['views_zip', 'views_legacy', 'module_state_dict_zip', 'module_state_dict_legacy'])(
    '%s: lazy tensors are those of the file in memory, also when it is disposed',
    async (id) => {
      const file = await openTorchFile(golden(id));
      const lazy = new Map<string, Awaited<ReturnType<typeof file.lazyTensor>>>();
      const bytes = new Map<string, readonly [Uint8Array, () => Uint8Array]>();
      for (const name of file.names) {
        lazy.set(name, await file.lazyTensor(name));
        const later = await file.lazyBytes(name);
        bytes.set(name, [await file.bytes(name), () => later.data]);
      }
      await file.dispose();
      for (const [expected, later] of bytes.values()) expect(later()).toEqual(expected);
      const { readFile } = await import('node:fs/promises');
      const expected = await parseTorch(new Uint8Array(await readFile(golden(id))));
      expect([...lazy.keys()]).toEqual([...expected.keys()]);
      for (const [name, tensor] of expected) {
        expect(lazy.get(name)).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
        expect(lazy.get(name)?.data).toEqual(tensor.data);
      }
    },
  );

  test('a tensor whose bytes lie in the file as they are in memory says where', async () => {
    await using file = await openTorchFile(golden('views_zip'));
    const spans = await Promise.all(file.names.map(async (name) => (await file.lazyTensor(name)).file));
    expect(spans.some((span) => span !== undefined)).toBe(true);
    expect(spans.some((span) => span === undefined)).toBe(true); // Views that are gathered.
  });

  test('a file that has changed is not read', async () => {
    const path = join(folder, 'changed.bin');
    await copyFile(golden('root_archive'), path);
    await using file = await openTorchFile(path);
    const tensor = await file.lazyTensor(file.names[0]);
    writeFileSync(path, 'something else');
    expect(() => tensor.data).toThrow('it has changed since it was opened');
  });

  test('no file, a folder, another kind of file', async () => {
    await expect(openTorchFile(join(folder, 'absent.bin'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(openTorchFile(folder)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const path = join(folder, 'page.bin');
    writeFileSync(path, '<!doctype html><title>503</title>');
    await expect(openTorchFile(path)).rejects.toThrow(
      `[attn/torch] read: ${path}: not a PyTorch checkpoint: it is a web page, and has`,
    );
  });
});
