// Names of tensors under every rule, one by one, and models that are of another family than they say.
import { f32, type JsonObject, type Tensor } from '@attn/core';
import { isLazy, lazyTensor } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { longformerFamily, toLongformer } from '../longformer/index.ts';
import { readGolden } from '../testing/goldens.testing.ts';
import { canonicalCheckpoint } from './canonical.ts';
import type { Checkpoint } from './checkpoint.ts';
import { memoryCheckpoint } from './memory.ts';

/** A checkpoint whose tensor i is [i], with these names. */
function named(modelType: string, names: readonly string[], config: JsonObject = {}): Checkpoint {
  const tensors = new Map(names.map((name, i) => [name, f32([1], [i])]));
  return memoryCheckpoint({ model_type: modelType, ...config }, tensors, 'x');
}

const numberIn = async (checkpoint: Checkpoint, name: string): Promise<number> =>
  Number((await checkpoint.tensor(name)).data[0]);

const WORDS = 'embeddings.word_embeddings.weight';

describe('names', () => {
  test.each<[title: string, modelType: string, stored: readonly string[], today: readonly string[]]>([
    [
      'LayerNorm, its last two parts only',
      'bert',
      ['embeddings.LayerNorm.gamma', 'encoder.LayerNorm.beta', 'encoder.MyLayerNorm.gamma', 'encoder.beta'],
      ['embeddings.LayerNorm.weight', 'encoder.LayerNorm.bias', 'encoder.MyLayerNorm.gamma', 'encoder.beta'],
    ],
    [
      'a prefix that is lost beside a head',
      'longformer',
      [WORDS, 'encoder.x', 'classifier.dense.weight'],
      [`longformer.${WORDS}`, 'longformer.encoder.x', 'classifier.dense.weight'],
    ],
    ['no head, no prefix', 'big_bird', [WORDS, 'pooler.weight'], [WORDS, 'pooler.weight']],
    [
      'the wrapper of several devices, around all',
      'roberta',
      [`module.roberta.${WORDS}`, 'module.lm_head.bias'],
      [`roberta.${WORDS}`, 'lm_head.bias'],
    ],
    [
      'the wrapper around some is a name',
      'roberta',
      [`module.roberta.${WORDS}`, 'lm_head.bias'],
      [`module.roberta.${WORDS}`, 'lm_head.bias'],
    ],
    [
      'buffers are left out',
      'longformer',
      [`longformer.${WORDS}`, 'longformer.embeddings.position_ids', 'longformer.embeddings.token_type_ids'],
      [`longformer.${WORDS}`],
    ],
    [
      'a head keeps the words: they are listed by their own name, in their place',
      'bert',
      ['bert.a', 'cls.predictions.decoder.weight', 'cls.predictions.decoder.bias'],
      ['bert.a', `bert.${WORDS}`, 'cls.predictions.bias'],
    ],
    [
      'LED: any of four names',
      'led',
      ['led.decoder.embed_tokens.weight', 'final_logits_bias'],
      ['led.shared.weight', 'final_logits_bias'],
    ],
    ['a family that is not here', 'gpt2', ['LayerNorm.gamma'], ['LayerNorm.gamma']],
    ['Object.prototype is no family', 'constructor', ['LayerNorm.gamma'], ['LayerNorm.gamma']],
  ])('%s', async (_title, modelType, stored, today) => {
    const checkpoint = canonicalCheckpoint(named(modelType, stored));
    expect(checkpoint.names).toEqual(today);
    for (const [i, name] of today.entries()) expect(await numberIn(checkpoint, name)).toBe(i);
    expect(canonicalCheckpoint(checkpoint)).toBe(checkpoint);
  });

  test.each<[modelType: string, stored: readonly string[], a: string, b: string]>([
    ['bert', ['x.LayerNorm.gamma', 'x.LayerNorm.weight'], 'x.LayerNorm.gamma', 'x.LayerNorm.weight'],
    ['bert', [`bert.${WORDS}`, WORDS], `bert.${WORDS}`, WORDS],
    ['longformer', ['encoder.x', 'longformer.encoder.x'], 'longformer.encoder.x', 'encoder.x'],
  ])('%s, %j: two tensors of one name are refused', (modelType, stored, a, b) => {
    expect(() => canonicalCheckpoint(named(modelType, stored))).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_FILE',
        message: `[attn/models] load: x has "${a}" and "${b}", which are two names of one tensor`,
      }),
    );
  });
});

describe('lost names', () => {
  const led = ['led.shared.weight', 'led.encoder.embed_tokens.weight', 'led.decoder.embed_tokens.weight'];
  test.each([...led, 'lm_head.weight'])('of LED all stand for each other: %s is there', async (stored) => {
    const checkpoint = canonicalCheckpoint(named('led', [stored, 'final_logits_bias']));
    for (const name of [...led, 'lm_head.weight']) {
      expect(checkpoint.has(name)).toBe(true);
      expect(checkpoint.listedName?.(name)).toBe('led.shared.weight');
      expect(await numberIn(checkpoint, name)).toBe(0);
    }
  });

  test('an untied head is no table of words, but its two biases are one', () => {
    const untied = { tie_word_embeddings: false };
    const head = named('roberta', ['roberta.a', 'lm_head.decoder.weight', 'lm_head.decoder.bias'], untied);
    const checkpoint = canonicalCheckpoint(head);
    expect(checkpoint.names).toEqual(['roberta.a', 'lm_head.decoder.weight', 'lm_head.bias']);
    expect(checkpoint.has(`roberta.${WORDS}`)).toBe(false);
    expect(canonicalCheckpoint(named('led', ['lm_head.weight'], untied)).has('led.shared.weight')).toBe(
      false,
    );
  });

  test('what a conversion says it left out', async () => {
    const aliases = new Map([
      ['format', 'pt'],
      ['longformer.a', 'longformer.b'],
      ['longformer.c', 'longformer.b'],
      ['longformer.d', 'longformer.none'],
      ['__proto__', 'longformer.c'],
    ]);
    const checkpoint = canonicalCheckpoint(named('longformer', ['longformer.b', 'longformer.c']), aliases);
    expect(checkpoint.names).toEqual(['longformer.b', 'longformer.c']);
    expect(await numberIn(checkpoint, 'longformer.a')).toBe(0);
    expect(await numberIn(checkpoint, 'longformer.c')).toBe(1);
    expect(['format', 'longformer.d', 'toString'].map((name) => checkpoint.has(name))).toEqual([
      false,
      false,
      false,
    ]);
    await expect(checkpoint.tensor('longformer.d')).rejects.toMatchObject({ code: 'MISSING_INPUT' });
  });

  test('a tensor with two names is read once', async () => {
    const { checkpoint } = await readGolden('longformer_masked_lm');
    const words = `longformer.${WORDS}`;
    const reads: string[] = [];
    const stored = checkpoint.names.filter((name) => name !== 'lm_head.decoder.weight');
    const model = await longformerFamily.load({
      ...checkpoint,
      names: stored,
      has: (name) => stored.includes(name),
      tensor: (name) => {
        reads.push(name);
        return checkpoint.tensor(name);
      },
    });
    expect(reads.filter((name) => name === words)).toEqual([words]);
    expect(model.weights.head.maskedLm?.decoder.weight).toBe(model.weights.words);
  });
});

describe('rows that hold nothing', () => {
  const positions = 'model.encoder.embed_positions.weight';
  const attention = 'model.encoder.layers.0.self_attn.longformer_self_attn.query.weight';
  const config = { model_type: 'bart', attention_window: [4] };
  const table = f32([4, 2], [0, 1, 2, 3, 4, 5, 6, 7]);
  const original = (fields: JsonObject = {}, rows: Tensor = table): Checkpoint =>
    memoryCheckpoint(
      { ...config, ...fields },
      new Map([
        [positions, rows],
        [attention, f32([1], [9])],
      ]),
      'x',
    );

  test('are skipped, also in what is read later', async () => {
    let reads = 0;
    const later = lazyTensor<'f32'>({ dtype: 'f32', shape: [4, 2] }, () => {
      reads += 1;
      return Float32Array.from(table.data);
    });
    const source = { ...original(), lazyTensor: async () => later };
    const checkpoint = canonicalCheckpoint(source);
    const name = 'led.encoder.embed_positions.weight';
    expect(checkpoint.spec(name)).toMatchObject({ shape: [2, 2], byteLength: 16 });
    expect(await checkpoint.tensor(name)).toMatchObject({ shape: [2, 2], data: Float32Array.of(4, 5, 6, 7) });
    const lazy = await checkpoint.lazyTensor?.(name);
    expect([lazy !== undefined && isLazy(lazy), reads]).toEqual([true, 0]);
    expect(lazy).toMatchObject({ shape: [2, 2], data: Float32Array.of(4, 5, 6, 7) });
    expect(checkpoint.config).toEqual({ model_type: 'led', attention_window: [8] });
  });

  test('are as many as the config says', () => {
    const { spec, config: today } = canonicalCheckpoint(original({ extra_pos_embeddings: 1 }));
    expect(spec('led.encoder.embed_positions.weight').shape).toEqual([3, 2]);
    expect(today).not.toHaveProperty('extra_pos_embeddings');
  });

  test.each<[JsonObject, string, string]>([
    [{ normalize_before: true }, 'UNSUPPORTED', 'normalize_before of an LED must be false, got true'],
    [
      { attention_mode: 'n2' },
      'UNSUPPORTED',
      'attention_mode must be one of sliding_chunks, tvm, longformer, got "n2"',
    ],
    [
      { attention_window: 'wide' },
      'MALFORMED_FILE',
      'attention_window must be a number or a list of numbers',
    ],
    [{ extra_pos_embeddings: -2 }, 'MALFORMED_FILE', 'extra_pos_embeddings must be an integer from 0'],
  ])('%j is refused', (fields, code, message) => {
    expect(() => canonicalCheckpoint(original(fields))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

describe('the layouts of the original repository', () => {
  const names = ['roberta.encoder.layer.0.attention.self.query_global.weight'];
  test.each<[string, JsonObject, JsonObject]>([
    [
      'tarball',
      { attention_window: [4, 8], attention_dilation: [1, 1], autoregressive: false, attention_mode: 'tvm' },
      { attention_window: [8, 16] },
    ],
    [
      'tarball of a causal model with gaps',
      { attention_window: 4, attention_dilation: [1, 2], autoregressive: true },
      { attention_window: 8, attention_dilation: [1, 2], autoregressive: true },
    ],
    [
      'notebook',
      { attention_window: [8], architectures: ['RobertaLongForMaskedLM'] },
      { attention_window: [8], architectures: ['LongformerForMaskedLM'] },
    ],
  ])('%s', (_title, fields, today) => {
    const checkpoint = canonicalCheckpoint(named('roberta', names, fields));
    expect(checkpoint.config).toEqual({ model_type: 'longformer', ...today });
    expect(checkpoint.names).toEqual(['longformer.encoder.layer.0.attention.self.query_global.weight']);
  });
});

describe('models of another family than they say', () => {
  const CODE = { auto_map: { AutoModel: 'modeling_hat.HATModel' } };
  const MOSAIC = { architectures: ['MosaicBertForMaskedLM'] };
  const golden = async (id: string, fields: JsonObject): Promise<Checkpoint> => {
    const { checkpoint } = await readGolden(id);
    return { ...checkpoint, config: { ...checkpoint.config, ...fields } };
  };

  test('are refused, whichever class is asked for', async () => {
    for (const architecture of [undefined, 'LongformerModel']) {
      await expect(
        longformerFamily.load(await golden('longformer_short', CODE), { architecture }),
      ).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message:
          '[attn/models] load: longformer_short needs code of its own, which is not run here: its config.json has auto_map with "modeling_hat.HATModel"',
      });
      await expect(
        longformerFamily.load(await golden('longformer_short', { architectures: ['HATModel'] }), {
          architecture,
        }),
      ).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message:
          '[attn/models] load: longformer_short is of another family than its model_type "longformer" says: architectures must be of that family, got "HATModel"',
      });
    }
    const [code, jina] = await Promise.all([CODE, MOSAIC].map((fields) => golden('bert_encoder', fields)));
    expect(() => toLongformer(code)).toThrow('needs code of its own');
    expect(() => toLongformer(jina)).toThrow('got "MosaicBertForMaskedLM"');
  });

  test('an unknown head of a known family loads without it, when the base model is asked for', async () => {
    const { checkpoint } = await readGolden('longformer_masked_lm');
    const tensors = new Map<string, Tensor>([['dream_head.weight', f32([1], [0])]]);
    for (const name of checkpoint.names) tensors.set(name, await checkpoint.tensor(name));
    const config = { ...checkpoint.config, architectures: ['LongformerForDreams'] };
    const dreams = memoryCheckpoint(config, tensors);
    const model = await longformerFamily.load(dreams, { architecture: 'LongformerModel' });
    expect(model.outputs).toEqual(['last_hidden_state']);
    await expect(longformerFamily.load(dreams)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});
