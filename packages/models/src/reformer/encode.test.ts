// Encoding with a Reformer: padding takes part in what it computes,
// and still a row's states are those of the row by itself.
import { createAttn, i32 } from '@attn/core';
import { cpu } from '@attn/cpu';
import { expect, test } from 'vitest';
import { readGolden } from '../testing/goldens.testing.ts';
import { Encoder } from '../loaded/encoder.ts';
import { reformerFamily } from './index.ts';

test('rows of all lengths together, in few graphs', async () => {
  const attn = await createAttn({ backends: [cpu()] });
  const model = await reformerFamily.load((await readGolden('reformer_encoder')).checkpoint);
  const loaded = new Encoder(model, undefined, attn);
  const lengths = [1, 3, 7, 8, 9, 16, 20, 45, 47, 48, 128];
  const inputs = lengths.map((length) => Array.from({ length }, (_, i) => 5 + ((i * i + length) % 60)));
  const { states } = await loaded.encode(inputs, { pooling: 'none' });
  for (const [i, ids] of inputs.entries()) {
    const { last_hidden_state: alone } = await loaded.run({ inputIds: i32([1, ids.length], ids) });
    expect(states[i].shape).toEqual([ids.length, 64]);
    const off = Array.from(states[i].data, (value, at) => Math.abs(value - alone.data[at]));
    expect(Math.max(...off)).toBeLessThan(2e-5);
  }
  expect(new Set(lengths.map((length) => model.graphLength(length)))).toEqual(new Set([8, 16, 24, 48, 128]));
  loaded.dispose();
  await attn.dispose();
});
