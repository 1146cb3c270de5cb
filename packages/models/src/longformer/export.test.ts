// An exported model, run by ONNX Runtime alone, gives the outputs of the original.
import { describe, expect, test } from 'vitest';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { readGolden, type Golden } from '../testing/goldens.testing.ts';
import { longformerFamily } from './index.ts';

/** Positions where row 0 of the golden's global mask is 1; all rows are equal. */
function globalTokens({ batch: { globalAttentionMask: mask } }: Golden): number[] | undefined {
  return mask && Array.from(mask.data).flatMap((value, i) => (value === 1 ? [i] : []));
}

// Goldens without padding: a fixed graph is for full rows.
describe.each([
  'longformer_no_global',
  'longformer_short',
  'longformer_layer_norm_eps',
  'longformer_token_classification',
])('%s', (id) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const golden = await readGolden(id);
    const model = await longformerFamily.load(golden.checkpoint);
    const { inputIds } = golden.batch;
    const [batch, length] = inputIds.shape;
    const graph = model.fixedGraph({ batch, length, globalTokens: globalTokens(golden) });
    expect([...graph.inputs.keys()]).toEqual(['input_ids']);
    const outputs = await runExported(graph, { input_ids: inputIds }, { portable });
    expect(differences(golden, outputs)).toEqual([]);
  });
});

test('what depends on the text must be said', async () => {
  const { checkpoint } = await readGolden('longformer_question_answering');
  const model = await longformerFamily.load(checkpoint);
  expect(() => model.fixedGraph({ batch: 1, length: 8 })).toThrow(
    'which tokens of LongformerForQuestionAnswering are global depends on the text: a fixed graph needs globalTokens',
  );
});
