// A page loads a checkpoint from another web server, tensor by tensor, from its own server by a relative URL,
// and from files that its user has picked, and runs it: the outputs are those of the original.
import { createAttn, type Attn, type Tensors } from '@attn/core';
import { parseSafetensors } from '@attn/safetensors';
import { wasm } from '@attn/wasm';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { differences } from './testing/differences.testing.ts';
import { clearCached, loadModel, loadTokenizer, type ModelSource, type WebLoadOptions } from './index.ts';

const url = inject('golden');
const FILES = ['config.json', 'model.safetensors'];
let attn: Attn;
beforeAll(async () => {
  attn = await createAttn({ backends: [wasm()] });
});
afterAll(() => attn.dispose());

/** Loads the golden from a source, and expects its outputs. */
async function works(source: ModelSource, options: WebLoadOptions = {}): Promise<void> {
  const model = await loadModel(source, { attn, architecture: 'LinformerLM', ...options });
  expect(model.tokenizer).toBeUndefined();
  const io = await fetch(`${url}/io.safetensors`);
  const { tensors } = parseSafetensors(new Uint8Array(await io.arrayBuffer()));
  const inputIds = tensors.get('in.input_ids');
  if (inputIds === undefined) throw new Error(`there is no golden at ${url}`);
  const { tolerance } = await (await fetch(`${url}/case.json`)).json();
  const golden = { id: url, tensors, outputs: ['logits'], atol: tolerance.atol };
  expect(differences(golden, await model.run({ inputIds }, { backend: 'wasm' }))).toEqual([]);
  model.dispose();
}

const picked = (names: readonly string[] = FILES): Promise<File[]> =>
  Promise.all(names.map(async (name) => new File([await (await fetch(`${url}/${name}`)).blob()], name)));

test('another server: small files whole, tensors by ranges', async () => {
  const whole: string[] = [];
  const ranges: string[] = [];
  const counted: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const range = new Headers(init?.headers).get('Range');
    if (response.status === 200) whole.push(String(input));
    if (range !== null) ranges.push(range);
    return response;
  };
  await works(url, { fetch: counted });
  expect(whole).toEqual([`${url}/config.json`]);
  // Requests for the size, the first bytes, the header, and then all tensors.
  expect(ranges.slice(0, 2)).toEqual(['bytes=0-0', 'bytes=0-63']);
  expect(ranges.length).toBe(4);
  expect(new Set(ranges).size).toBe(ranges.length);
});

test.each(['/goldens/linformer_lm/', '/goldens/linformer_lm/../linformer_lm/', './goldens/linformer_lm/'])(
  'the relative URL %s',
  async (source) => {
    // The page of the tests lies deeper than the files.
    const base = document.createElement('base');
    base.href = '/';
    document.head.append(base);
    try {
      await works(source);
    } finally {
      base.remove();
    }
  },
);

test('files of an input, and a folder that was dropped', async () => {
  const files = await picked();
  await works(files);
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
  if (input.files === null) throw new Error('the input has no files');
  await works(input.files);

  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('my-model', { create: true });
  for (const file of files) {
    const writable = await (await folder.getFileHandle(file.name, { create: true })).createWritable();
    await writable.write(file);
    await writable.close();
  }
  await works(folder);
  await expect(loadTokenizer(folder)).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
    message: expect.stringContaining('the folder my-model has no files of a tokenizer'),
  });
  await folder.removeEntry('model.safetensors');
  await expect(loadModel(folder)).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
    message: expect.stringContaining('in the folder my-model'),
  });
  await root.removeEntry('my-model', { recursive: true });
});

test('what is no source', async () => {
  await expect(loadModel('no model at all')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('got "no model at all"'),
  });
  await expect(loadModel([new Blob()] as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(loadModel(await picked(['model.safetensors']))).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
    message: expect.stringContaining('no config.json in the picked files'),
  });
});

test('a folder of codes from the hub, and what is quantised here, are the same', async () => {
  await clearCached();
  const ids = { inputIds: [Array.from({ length: 16 }, (_, i) => (7 * i) % 20)] };
  const options = { attn, architecture: 'LinformerLM' };
  const outputs = async (source: string, more: WebLoadOptions): Promise<Tensors> => {
    const model = await loadModel(source, { ...options, ...more });
    expect(model.weights?.forms).toEqual({ linear: 'q8', embeddings: 'q8', activations: 'integer' });
    return model.run(ids);
  };
  const expected = await outputs(url, { dtype: 'q8' });
  const hubUrl = inject('hub');
  for (const place of [{ hubUrl }, { hubUrl, offline: true }, { hubUrl, cache: false }])
    expect(await outputs('org/codes', place)).toEqual(expected);
});
