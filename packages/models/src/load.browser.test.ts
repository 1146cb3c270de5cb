// A page loads a checkpoint from another web server, tensor by
// tensor, and runs it: the outputs are those of the original.
import { createAttn } from '@attn/core';
import { parseSafetensors } from '@attn/safetensors';
import { wasm } from '@attn/wasm';
import { expect, inject, test } from 'vitest';
import { differences } from './testing/differences.testing.ts';
import { loadModel } from './index.ts';

test('loadModel on a page', async () => {
  const url = inject('golden');
  const whole: string[] = [];
  const ranges = new Set<string>();
  const counted: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const range = new Headers(init?.headers).get('Range');
    if (response.status === 200) whole.push(String(input));
    if (range !== null && String(input).endsWith('model.safetensors')) ranges.add(range);
    return response;
  };
  const attn = await createAttn({ backends: [wasm()] });
  const model = await loadModel(url, { attn, fetch: counted, architecture: 'LinformerLM' });
  expect(model.tokenizer).toBeUndefined();
  // Requests for the size, the length of the header, the header, and then each tensor.
  expect(whole).toEqual([]);
  expect([...ranges].slice(0, 2)).toEqual(['bytes=0-0', 'bytes=0-7']);
  expect(ranges.size).toBeGreaterThan(10);

  const io = await fetch(`${url}/io.safetensors`);
  const { tensors } = parseSafetensors(new Uint8Array(await io.arrayBuffer()));
  const inputIds = tensors.get('in.input_ids');
  if (inputIds === undefined) throw new Error(`there is no golden at ${url}`);
  const { tolerance } = await (await fetch(`${url}/case.json`)).json();
  const golden = { id: url, tensors, outputs: ['logits'], atol: tolerance.atol };
  const outputs = await model.run({ inputIds }, { backend: 'wasm' });
  expect(differences(golden, outputs)).toEqual([]);
  await attn.dispose();
});
