import { createAttn, type Graph } from '@attn/core';
import { cpu } from '@attn/cpu';
import { expect, test } from 'vitest';
import { tokenWeights } from './token-attention.ts';
import { makeWordModel, wordTokenizer } from './word-model.ts';

const TEXT = 'The whale saw the ship, and the ship saw the whale. '.repeat(8);

test('weights times values are what the layer gives out', async () => {
  await using attn = await createAttn({ backends: [cpu()], cache: false });
  const { signal } = new AbortController();
  const model = await makeWordModel(attn, { signal, onProgress: () => {} });
  const place = TEXT.indexOf('ship');
  for (const layer of [0, 1]) {
    const result = await tokenWeights(model, attn, { text: TEXT, place, layer, head: 1 }, signal);
    expect(result).toMatchObject({ layers: 2, heads: 2 });
    expect(result.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
    expect(TEXT.slice(...(result.offsets[result.token] ?? []))).toBe('ship');

    const { ids } = wordTokenizer.encode(TEXT);
    const { graph, inputs } = model.network.call({ inputIds: [[...ids]] });
    const node = graph.nodes.filter(({ op }) => op === 'attention')[layer];
    const probe: Graph = {
      ...graph,
      key: `${graph.key} layer ${layer}`,
      outputs: new Map([
        ['v', node.inputs.v],
        ['out', node.outputs[0]],
      ]),
    };
    const { v, out } = await attn.run(probe, inputs);
    const layout = (node.attributes as { readonly layout?: string }).layout;
    const [length, dim] = [ids.length, v.shape[3]];
    const at = (row: number, d: number): number =>
      layout === 'bnhd' ? (row * 2 + 1) * dim + d : (v.shape[2] + row) * dim + d;
    for (let d = 0; d < dim; d += 7) {
      let sum = 0;
      for (let j = 0; j < length; j++) sum += result.weights[j] * v.data[at(j, d)];
      expect(sum).toBeCloseTo(out.data[at(result.token, d)], 4);
    }
  }
});

test('a word looks most at its equals', async () => {
  await using attn = await createAttn({ backends: [cpu()], cache: false });
  const { signal } = new AbortController();
  const model = await makeWordModel(attn, { signal, onProgress: () => {} });
  const { weights, offsets } = await tokenWeights(model, attn, { text: TEXT, place: 4, layer: 0 }, signal);
  const best = [...weights.keys()].toSorted((a, b) => weights[b] - weights[a]).slice(0, 10);
  expect(best.map((i) => TEXT.slice(...(offsets[i] ?? [])))).toEqual(new Array(10).fill('whale'));
});

test('a place behind the text is refused', async () => {
  await using attn = await createAttn({ backends: [cpu()], cache: false });
  const { signal } = new AbortController();
  const model = await makeWordModel(attn, { signal, onProgress: () => {} });
  await expect(tokenWeights(model, attn, { text: 'a b', place: 99, layer: 0 }, signal)).rejects.toThrow(
    'no token at 99',
  );
});
