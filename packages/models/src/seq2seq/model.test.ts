// What no golden of the original covers: refused inputs, and checkpoints whose tables have other names.
import { zeros, type JsonObject, type Tensor } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { bartFamily } from '../bart/index.ts';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { ledFamily } from '../led/index.ts';
import type { TokenBatch } from '../model.ts';
import { differences } from '../testing/differences.testing.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { referenceOutputs } from '../testing/goldens.testing.ts';

const [led, bart, sequence] = await Promise.all([
  goldenCalled('heads', 'led', 'led_generation'),
  goldenCalled('heads', 'bart', 'bart_generation'),
  goldenCalled('heads', 'bart', 'bart_sequence'),
]);

/** All tensors of a golden's checkpoint. */
async function tensorsOf({ checkpoint }: typeof led): Promise<Map<string, Tensor>> {
  return new Map(
    await Promise.all(checkpoint.names.map(async (name) => [name, await checkpoint.tensor(name)] as const)),
  );
}

describe('checkpoints', () => {
  test.each(['led.encoder.embed_tokens.weight', 'led.decoder.embed_tokens.weight', 'lm_head.weight'])(
    'that have the words as %s alone',
    async (name) => {
      const tensors = await tensorsOf(led);
      tensors.set(name, tensors.get('led.shared.weight') ?? expect.fail('no words'));
      tensors.delete('led.shared.weight');
      const model = await ledFamily.load(memoryCheckpoint(led.checkpoint.config, tensors));
      const { graph, inputs } = model.call(led.batch);
      expect(differences(led, referenceOutputs(graph, inputs))).toEqual([]);
    },
  );
  test('that have the words under every name, and versions of fairseq', async () => {
    const tensors = await tensorsOf(bart);
    const words = tensors.get('model.shared.weight') ?? expect.fail('no words');
    for (const name of ['model.encoder.embed_tokens', 'model.decoder.embed_tokens', 'lm_head'])
      tensors.set(`${name}.weight`, words);
    for (const side of ['encoder', 'decoder']) tensors.set(`model.${side}.version`, zeros('f32', [1]));
    const model = await bartFamily.load(memoryCheckpoint(bart.checkpoint.config, tensors));
    const { graph, inputs } = model.call(bart.batch);
    expect(differences(bart, referenceOutputs(graph, inputs))).toEqual([]);
    expect([...graph.names.values()].filter((name) => name.includes('embed_tokens'))).toEqual([]);
  });
  test('without a bias of the words have none', async () => {
    const tensors = await tensorsOf(led);
    tensors.delete('final_logits_bias');
    const bare = await ledFamily.load(memoryCheckpoint(led.checkpoint.config, tensors));
    tensors.set('final_logits_bias', zeros('f32', [1, 23]));
    const zero = await ledFamily.load(memoryCheckpoint(led.checkpoint.config, tensors));
    const [a, b] = [bare, zero].map((model) => {
      const { graph, inputs } = model.call(led.batch);
      return referenceOutputs(graph, inputs).logits;
    });
    expect(a).toEqual(b);
  });
  test('with a head are also models of states, and encoders', async () => {
    const states = await ledFamily.load(led.checkpoint, { architecture: 'LEDModel' });
    expect(states.outputs).toEqual(['last_hidden_state', 'encoder_last_hidden_state']);
    const encoder = await bartFamily.load(bart.checkpoint, { architecture: 'BartEncoder' });
    expect([encoder.outputs, encoder.generation]).toEqual([['last_hidden_state'], undefined]);
  });
  test('of random weights have one table of words', async () => {
    const checkpoint = randomCheckpoint(ledFamily, led.checkpoint.config);
    expect(checkpoint.names.filter((name) => /embed_tokens|shared|lm_head/.test(name))).toEqual([
      'led.shared.weight',
    ]);
    const model = await ledFamily.load(checkpoint);
    expect(model.generation).toMatchObject({
      eosTokenId: [2],
      decoder: { startTokenId: 2, maxLength: 20 },
    });
  });
});

describe('what is refused', async () => {
  const [ledModel, bartModel, classifier] = [
    await ledFamily.load(led.checkpoint),
    await bartFamily.load(bart.checkpoint),
    await bartFamily.load(sequence.checkpoint),
  ];
  const inputIds = [[0, 5, 2]];
  test.each<[string, TokenBatch, string]>([
    [
      'too many rows of the decoder',
      { inputIds, decoderInputIds: [[2], [2]] },
      'decoderInputIds must have as many rows as inputIds, 1, got 2',
    ],
    [
      'an id of the decoder',
      { inputIds, decoderInputIds: [[2, 23]] },
      'decoderInputIds must be integers from 0 to 22, got 23 at [0, 1]',
    ],
    [
      'a decoder without tokens',
      { inputIds, decoderInputIds: [[]] },
      'decoderInputIds must have at least one token a row',
    ],
    [
      'a row of no batch',
      { inputIds, decoderInputIds: [2, 3] },
      'decoderInputIds must be [batch, length], got [2]',
    ],
    [
      'too long a decoder',
      { inputIds, decoderInputIds: [new Array<number>(21).fill(5)] },
      'the length of decoderInputIds must be at most 20, got 21',
    ],
    [
      'a mask of another length',
      { inputIds, decoderInputIds: [[2, 5]], decoderAttentionMask: [[1]] },
      'decoderAttentionMask must be [1, 2], got [1, 1]',
    ],
    [
      'too long a text',
      { inputIds: [new Array<number>(33).fill(5)], decoderInputIds: [[2]] },
      'a row must have at most 32 tokens, got 33 in row 0',
    ],
    [
      'a text that the decoder cannot read',
      { inputIds: [new Array<number>(25).fill(5)] },
      'without decoderInputIds, the length of inputIds must be at most 20, got 25',
    ],
    ['types', { inputIds, tokenTypeIds: [[0, 0, 0]] }, 'LEDForConditionalGeneration has no tokenTypeIds'],
  ])('%s, of an LED', (_, batch, message) => {
    expect(() => ledModel.call(batch)).toThrow(message);
  });
  test.each<[string, TokenBatch, string]>([
    [
      'global tokens',
      { inputIds, globalAttentionMask: [[1, 0, 0]] },
      'BartForConditionalGeneration has no globalAttentionMask',
    ],
    ['positions', { inputIds, positionIds: [[0, 1, 2]] }, 'BartForConditionalGeneration has no positionIds'],
    ['too long a text', { inputIds: [new Array<number>(15).fill(5)] }, 'length must be at most 14, got 15'],
  ])('%s, of a BART', (_, batch, message) => {
    expect(() => bartModel.call(batch)).toThrow(message);
  });
  test('texts to classify whose end is nowhere, and decoders of another length', () => {
    expect(() =>
      classifier.call({
        inputIds: [
          [0, 5, 2],
          [0, 5, 6],
        ],
      }),
    ).toThrow('each row must have the id that ends a text, 2, got [0, 5, 6] in row 1');
    expect(() => classifier.call({ inputIds, decoderInputIds: [[2, 0]] })).toThrow(
      'of BartForSequenceClassification, decoderInputIds must be as long as inputIds, 3, got 2',
    );
  });
  test('but not rows of padding, which fill a batch', () => {
    const batch = [
      [0, 5, 2],
      [1, 1, 1],
    ];
    expect(() => classifier.call({ inputIds: batch })).toThrow('got [1, 1, 1] in row 1');
    const attentionMask = batch.map((row) => row.map((id) => Number(id !== 1)));
    const { graph, inputs } = classifier.call({ inputIds: batch, attentionMask });
    const alone = classifier.call({ inputIds: [batch[0]] });
    const [both, first] = [
      referenceOutputs(graph, inputs).logits,
      referenceOutputs(alone.graph, alone.inputs).logits,
    ];
    expect(both.data.subarray(0, 3)).toEqual(first.data);
  });
  test('encoders have no ids of a decoder, and other families neither', async () => {
    const encoder = await ledFamily.load(led.checkpoint, { architecture: 'LEDEncoder' });
    expect(() => encoder.call({ inputIds, decoderInputIds: [[2]] })).toThrow(
      'LEDEncoder has no decoderInputIds',
    );
  });
  test('fixed graphs', () => {
    expect(() => ledModel.fixedGraph({ batch: 1, length: 21 })).toThrow('length must be at most 20, got 21');
    expect(() => bartModel.fixedGraph({ batch: 1, length: 4, globalTokens: [0] })).toThrow(
      'has no globalTokens',
    );
  });
  test('kin of BART', async () => {
    const config: JsonObject = { ...bart.checkpoint.config, model_type: 'mbart' };
    const { findFamily } = await import('../families.ts');
    expect(await findFamily(config)).toBeUndefined();
  });
});
