// What the goldens of BERT and its kin do not show: configs, positions, buckets, names, refusals.
import { createAttn, type JsonObject } from '@attn/core';
import { cpu } from '@attn/cpu';
import { describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import { jinaFamily } from '../jina/index.ts';
import { nomicFamily } from '../nomic/index.ts';
import { NOMIC_PRESETS } from '../nomic/presets.ts';
import { Encoder } from '../loaded/encoder.ts';
import { loadModel } from '../node.ts';
import { goldenCases, goldenOfCase, tensorsOf } from '../testing/golden-sets.testing.ts';
import { goldenFolder, referenceOutputs } from '../testing/goldens.testing.ts';
import { readBertConfig } from './config.ts';
import { bertFamily } from './index.ts';
import { BERT_PRESETS } from './presets.ts';
import { bucketOf, REACH } from './relative-bias.ts';
import { bertLayout } from './weights.ts';

const SMALL = {
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 8,
  max_position_embeddings: 12,
};
const bert: JsonObject = { ...SMALL, model_type: 'bert' };
const roberta: JsonObject = { ...SMALL, model_type: 'roberta' };

describe('configs', () => {
  test('defaults of the classes', () => {
    const config = readBertConfig({ model_type: 'bert', vocab_size: 10, hidden_size: 768 });
    expect(config).toMatchObject({
      architecture: 'BertModel',
      layers: 12,
      heads: 12,
      intermediateSize: 3072,
      layerNormEps: 1e-12,
      maxLength: 512,
      tokenTypes: 2,
      padTokenId: 0,
    });
    expect(readBertConfig({ model_type: 'distilbert', vocab_size: 10, dim: 768 })).toMatchObject({
      layers: 6,
      tokenTypes: 0,
      layerNormEps: 1e-12,
    });
    expect(readBertConfig(roberta)).toMatchObject({ padTokenId: 1, maxLength: 10 });
    // MPNet's code counts all tokens but those of id 1, whatever the field says.
    const mpnet = readBertConfig({ ...SMALL, model_type: 'mpnet', pad_token_id: 5 });
    expect(mpnet.positions).toMatchObject({ first: 2, skippedId: 1 });
    expect(mpnet.padTokenId).toBe(5);
  });
  test.each<[string, JsonObject, string]>([
    [
      'relative positions',
      { position_embedding_type: 'relative_key' },
      'position_embedding_type must be "absolute", got "relative_key"',
    ],
    ['a decoder', { is_decoder: true }, 'is_decoder must be false, got true'],
    ['cross attention', { add_cross_attention: true }, 'add_cross_attention must be false, got true'],
    [
      'a class of its own',
      { architectures: ['BertLMHeadModel'] },
      'the architecture must be one of BertModel, ',
    ],
  ])('%s is refused', async (_, fields, message) => {
    const checkpoint = randomCheckpoint(bertFamily, bert);
    const loading = bertFamily.load({ ...checkpoint, config: { ...bert, ...fields } });
    await expect(loading).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(message),
    });
  });
  test.each<[JsonObject, string]>([
    [{ ...bert, hidden_size: 9 }, 'hidden_size must be a multiple of num_attention_heads = 2, got 9'],
    [{ ...bert, hidden_act: 'mish' }, 'hidden_act must be one of gelu,'],
    [{ ...roberta, max_position_embeddings: 2 }, 'max_position_embeddings must be an integer from 3'],
    [
      { ...SMALL, model_type: 'mpnet', relative_attention_num_buckets: 16 },
      'relative_attention_num_buckets must be an integer from 32',
    ],
    [{ ...bert, tie_word_embeddings: 'yes' }, 'tie_word_embeddings must be true or false, got "yes"'],
  ])('%# a wrong field is named', (config, message) => {
    expect(() => readBertConfig(config)).toThrow(message);
  });
});

describe('positions', () => {
  test('of RoBERTa are counted past padding, and rows of a mask share a graph', async () => {
    const model = await bertFamily.load(randomCheckpoint(bertFamily, roberta));
    const plain = model.call({ inputIds: [[0, 5, 2]] });
    expect(Object.keys(plain.inputs)).toEqual(['input_ids']);
    const padded = model.call({ inputIds: [[0, 5, 2, 1]], attentionMask: [[1, 1, 1, 0]] });
    expect([...(padded.inputs.position_ids.data as Int32Array)]).toEqual([2, 3, 4, 1]);
    const whole = model.call({ inputIds: [[0, 5, 6, 2]], attentionMask: [[1, 1, 1, 1]] });
    expect(whole.graph).toBe(padded.graph);
    expect([...(whole.inputs.position_ids.data as Int32Array)]).toEqual([2, 3, 4, 5]);
  });
  test('of a row may be given, within the table', async () => {
    const model = await bertFamily.load(randomCheckpoint(bertFamily, bert));
    const outputs = (positionIds?: number[][]) => {
      const { graph, inputs } = model.call({ inputIds: [[3, 4]], positionIds });
      return referenceOutputs(graph, inputs).last_hidden_state.data;
    };
    expect(outputs([[0, 1]])).toEqual(outputs());
    expect(outputs([[5, 1]])).not.toEqual(outputs());
    expect(() => outputs([[0, 12]])).toThrow('positionIds must be integers from 0 to 11, got 12');
  });
  test('of rotary models may be given, and only differences count', async () => {
    const config = { ...SMALL, model_type: 'nomic_bert' };
    const model = await nomicFamily.load(randomCheckpoint(nomicFamily, config));
    const outputs = (positionIds?: number[][]) => {
      const { graph, inputs } = model.call({ inputIds: [[3, 4, 5]], positionIds });
      return [...referenceOutputs(graph, inputs).last_hidden_state.data].map((value) =>
        Number(value).toFixed(5),
      );
    };
    expect(outputs([[0, 1, 2]])).toEqual(outputs());
    expect(outputs([[40, 41, 42]])).toEqual(outputs());
    expect(outputs([[0, 1, 900]])).not.toEqual(outputs());
  });
});

test('relative buckets are those of the original, and the last begins where the table ends', async () => {
  const golden = goldenCases('classic', 'bert').find(({ id }) => id === 'mpnet_encoder');
  if (golden === undefined) throw new Error('no mpnet_encoder');
  const expected = (await tensorsOf(golden)).get('aux.bucket_of_distance')?.data ?? [];
  expect(expected).toHaveLength(601);
  for (const [i, bucket] of Array.from(expected, Number).entries())
    expect([i - 300, bucketOf(i - 300)]).toEqual([i - 300, bucket]);
  expect([bucketOf(REACH - 1), bucketOf(REACH)]).toEqual([30, 31]);
});

describe('loading', () => {
  test('a folder of RoBERTa, which once had to become a Longformer, gives the dense model', async () => {
    const model = await loadModel(goldenFolder('roberta_encoder'));
    expect(model.network).toMatchObject({ family: 'bert', architecture: 'RobertaModel' });
  });
  test('a checkpoint with heads gives each of its parts', async () => {
    const golden = goldenCases('classic', 'bert').find(({ id }) => id === 'bert_old_names');
    if (golden === undefined) throw new Error('no bert_old_names');
    const { checkpoint } = await goldenOfCase(golden);
    const outputs = async (architecture: string): Promise<readonly string[]> =>
      (await bertFamily.load(checkpoint, { architecture })).outputs;
    expect(await outputs('BertModel')).toEqual(['last_hidden_state', 'pooler_output']);
    expect(await outputs('BertForMaskedLM')).toEqual(['logits']);
    expect(await outputs('BertForNextSentencePrediction')).toEqual(['logits']);
    await expect(outputs('BertForTokenClassification')).rejects.toThrow('classifier.weight');
  });
  test('embeddings of rows that are padded together are those of each alone', async () => {
    await using attn = await createAttn({ backends: [cpu()] });
    for (const family of [bertFamily, nomicFamily]) {
      const config = { ...SMALL, model_type: family === bertFamily ? 'mpnet' : 'nomic_bert' };
      const network = await family.load(randomCheckpoint(family, config, { seed: 5 }));
      const model = new Encoder(network, undefined, attn);
      const texts = [[3], [4, 5, 6, 7, 8], [9, 1, 10]];
      const together = await model.encode(texts, { batchTokens: 64 });
      for (const [row, ids] of texts.entries()) {
        const alone = await model.encode([ids]);
        const own = together.embeddings.data.subarray(row * 8, (row + 1) * 8);
        for (const [i, value] of alone.embeddings.data.entries()) expect(own[i]).toBeCloseTo(value, 5);
      }
    }
  });
});

describe('names', () => {
  test.each(Object.entries({ ...BERT_PRESETS, ...NOMIC_PRESETS }))('%s has a family', (_, config) => {
    const family = [bertFamily, nomicFamily].find(({ recognises }) => recognises(config));
    expect(family?.slots({ config, has: () => true }).length).toBeGreaterThan(90);
  });
  test('the parameters of published models', () => {
    const count = (name: keyof typeof BERT_PRESETS): number =>
      bertFamily
        .slots({ config: BERT_PRESETS[name], has: () => true })
        .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(count('bert-base-uncased')).toBe(109_482_240);
    expect(count('roberta-base')).toBe(124_645_632);
    expect(count('distilbert-base-uncased')).toBe(66_362_880);
    expect(count('mpnet-base')).toBe(109_486_464);
    expect(count('all-MiniLM-L6-v2')).toBe(22_713_216);
    expect(count('xlm-roberta-base')).toBe(278_043_648);
  });
  test('a language model without ties has its own last layer, and its own bias where there is one', () => {
    const config = { ...bert, tie_word_embeddings: false };
    const names = (has: readonly string[], own = config): readonly string[] =>
      slotsOf(
        bertLayout({ has: (name) => has.includes(name) }, readBertConfig(own, 'BertForMaskedLM')).head,
      ).map(({ name }) => name);
    const bias = 'cls.predictions.decoder.bias';
    expect(names([bias]).slice(-2)).toEqual(['cls.predictions.decoder.weight', bias]);
    expect(names([]).at(-1)).toBe('cls.predictions.bias');
    const tied = names([bias], { ...config, tie_word_embeddings: true });
    expect(tied.slice(-2)).toEqual(['bert.embeddings.word_embeddings.weight', 'cls.predictions.bias']);
  });
  test('a missing head is named', async () => {
    const { config, names, tensor } = randomCheckpoint(bertFamily, bert);
    const tensors = new Map(
      await Promise.all(names.map(async (name) => [name, await tensor(name)] as const)),
    );
    const loading = bertFamily.load(memoryCheckpoint(config, tensors), {
      architecture: 'BertForSequenceClassification',
    });
    await expect(loading).rejects.toThrow('2 are missing: classifier.weight, classifier.bias');
  });
});

describe('inputs that a model lacks', () => {
  const distil = { ...SMALL, model_type: 'distilbert', dim: 8, n_heads: 2, n_layers: 1, hidden_dim: 8 };
  test.each<[string, JsonObject, object, string]>([
    ['token types', distil, { tokenTypeIds: [[0, 0]] }, 'DistilBertModel has no tokenTypeIds'],
    [
      'a second type',
      { ...roberta, type_vocab_size: 1 },
      { tokenTypeIds: [[0, 1]] },
      'tokenTypeIds must be integers from 0 to 0, got 1',
    ],
    ['global tokens', bert, { globalAttentionMask: [[1, 0]] }, 'BertModel has no globalAttentionMask'],
    ['an id', bert, { inputIds: [[0, 20]] }, 'inputIds must be integers from 0 to 19, got 20'],
    [
      'a long row',
      roberta,
      { inputIds: [new Array<number>(11).fill(3)] },
      'length must be at most 10, got 11',
    ],
  ])('%s', async (_, config, inputs, message) => {
    const model = await bertFamily.load(randomCheckpoint(bertFamily, config));
    expect(() => model.call({ inputIds: [[3, 4]], ...inputs })).toThrow(message);
  });
});

test('choices are rows of their own, and their logits are side by side', async () => {
  const model = await bertFamily.load(
    randomCheckpoint(bertFamily, bert, { architecture: 'BertForMultipleChoice' }),
    {
      architecture: 'BertForMultipleChoice',
    },
  );
  const { graph, inputs } = model.call({
    inputIds: [
      [
        [3, 4],
        [5, 6],
        [7, 8],
      ],
    ],
  });
  expect(referenceOutputs(graph, inputs).logits.shape).toEqual([1, 3]);
  expect(() => model.call({ inputIds: [[3, 4]] })).toThrow('must be [batch, choices, length]');
});

describe('NomicBERT', () => {
  const published: JsonObject = {
    model_type: 'nomic_bert',
    architectures: ['NomicBertModel'],
    auto_map: {
      AutoConfig: 'nomic-ai/nomic-bert-2048--configuration_hf_nomic_bert.NomicBertConfig',
      AutoModel: 'nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert.NomicBertModel',
    },
    activation_function: 'swiglu',
    causal: false,
    layer_norm_epsilon: 1e-12,
    mlp_fc1_bias: false,
    mlp_fc2_bias: false,
    n_embd: 8,
    n_head: 2,
    n_inner: 16,
    n_layer: 1,
    n_positions: 8192,
    pad_vocab_size_multiple: 8,
    prenorm: false,
    qkv_proj_bias: false,
    rotary_emb_base: 1000,
    rotary_emb_fraction: 1,
    rotary_emb_interleaved: false,
    rotary_emb_scale_base: null,
    rotary_scaling_factor: null,
    type_vocab_size: 2,
    vocab_size: 21,
  };
  const today: JsonObject = {
    ...SMALL,
    model_type: 'nomic_bert',
    hidden_act: 'silu',
    intermediate_size: 16,
    rope_parameters: { rope_type: 'default', rope_theta: 1000 },
    vocab_size: 24,
  };
  test('both spellings of a config are one model', async () => {
    const [a, b] = await Promise.all(
      [published, today].map(async (config) => {
        const model = await nomicFamily.load(randomCheckpoint(nomicFamily, config, { seed: 3 }));
        const { graph, inputs } = model.call({ inputIds: [[3, 4, 5]] });
        return { model, data: referenceOutputs(graph, inputs).last_hidden_state.data };
      }),
    );
    expect(a.data).toEqual(b.data);
    expect(a.model.vocabSize).toBe(24);
    expect([a.model.maxLength, b.model.maxLength]).toEqual([8192, 12]);
    const both = await nomicFamily.load(randomCheckpoint(nomicFamily, { ...published, ...today }));
    expect(both.maxLength).toBe(8192);
  });
  test.each<[string, unknown]>([
    ['rotary_emb_fraction', 0.5],
    ['rotary_scaling_factor', 2],
    ['rotary_emb_interleaved', true],
    ['rotary_emb_scale_base', 512],
    ['prenorm', true],
    ['causal', true],
    ['qkv_proj_bias', true],
    ['num_experts', 8],
    ['moe_every_n_layers', 2],
  ])('%s: %s is refused', async (name, value) => {
    const checkpoint = randomCheckpoint(nomicFamily, published);
    const config = { ...published, [name]: value } as JsonObject;
    await expect(nomicFamily.load({ ...checkpoint, config })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(
        new RegExp(`^.*config\\.json: ${name} must be (absent|false|0|1), got ${value}$`),
      ),
    });
  });
  test('its published code need not run; other code is refused', async () => {
    const checkpoint = randomCheckpoint(nomicFamily, published);
    const config = { ...published, auto_map: { AutoModel: 'someone/else--modeling.NomicBertModel' } };
    await expect(nomicFamily.load({ ...checkpoint, config })).rejects.toThrow('needs code of its own');
  });
  test('rows have no end, and texts are split where the config says', async () => {
    const model = await nomicFamily.load(randomCheckpoint(nomicFamily, today));
    expect(model.call({ inputIds: [new Array<number>(40).fill(3)] }).graph.outputs.size).toBe(2);
    expect(model.maxLength).toBe(12);
  });
});

test('of jina-embeddings-v3, rope_parameters must be an object of a known type', () => {
  const config = { ...SMALL, model_type: 'jina_embeddings_v3' };
  const slots = (parameters: JsonObject[string]) => () =>
    jinaFamily.slots({ config: { ...config, rope_parameters: parameters }, has: () => false });
  expect(slots(5)).toThrow('config.json: rope_parameters must be an object, got 5');
  expect(slots({ rope_type: 'dynamic' })).toThrow('rope_parameters must have a rope_type of');
  expect(slots({ rope_type: 'default' })().length).toBe(16);
});

test('an activation in the head is that of the original: gelu in RoBERTa, hidden_act in BERT', () => {
  const relu = { hidden_act: 'relu', activation: 'relu' };
  expect(readBertConfig({ ...bert, ...relu }).headActivation).toBe('relu');
  expect(readBertConfig({ ...roberta, ...relu }).headActivation).toBe('gelu');
});
