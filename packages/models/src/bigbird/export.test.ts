// An exported BigBird, run by ONNX Runtime alone, gives what the reference gives.
import { i32, type Tensor } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { referenceOutputs } from '../testing/goldens.testing.ts';
import { bigBirdFamily } from './index.ts';

// In blocks, with full attention, and with questions that the exported graph finds by itself.
const IDS = ['bigbird_sparse_left', 'bigbird_full', 'bigbird_qa'];
const cases = goldenCases('classic', 'bigbird').filter(({ id }) => IDS.includes(id));

describe.each(cases)('$id', (golden) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const { id, checkpoint, batch: inputs, atol } = await goldenOfCase(golden);
    const model = await bigBirdFamily.load(checkpoint);
    const [batch, length] = inputs.inputIds.shape;
    const graph = model.fixedGraph({ batch, length });
    expect([...graph.inputs.keys()]).toEqual(['input_ids']);
    const ids = { input_ids: i32([batch, length], Int32Array.from(inputs.inputIds.data)) };
    const expected = Object.entries(referenceOutputs(graph, ids));
    const tensors = new Map(expected.map(([name, tensor]): [string, Tensor] => [`out.${name}`, tensor]));
    const outputs = await runExported(graph, ids, { portable });
    expect(differences({ id, tensors, outputs: expected.map(([name]) => name), atol }, outputs)).toEqual([]);
  });
});
