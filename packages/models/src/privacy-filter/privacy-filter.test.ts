// What goldens do not show: names with and without a prefix, configs, positions, padding.
import { evaluateReference } from '@attn/core/reference';
import type { JsonObject, Tensors } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import type { ModelCall } from '../model.ts';
import { readPrivacyFilterConfig } from './config.ts';
import { PrivacyFilter, privacyFilterFamily } from './index.ts';
import { PRIVACY_FILTER_PRESETS } from './presets.ts';

const SMALL: JsonObject = {
  model_type: 'openai_privacy_filter',
  vocab_size: 20,
  num_hidden_layers: 2,
  hidden_size: 12,
  num_attention_heads: 4,
  head_dim: 4,
  intermediate_size: 6,
  num_local_experts: 5,
  num_experts_per_tok: 2,
  sliding_window: 2,
  id2label: { 0: 'O', 1: 'S-x' },
};
const TOKENS = 'OpenAIPrivacyFilterForTokenClassification';

async function load(architecture?: string): Promise<PrivacyFilter> {
  const checkpoint = randomCheckpoint(privacyFilterFamily, SMALL, { seed: 3, architecture });
  return privacyFilterFamily.load(checkpoint, { architecture });
}

function run({ graph, inputs }: ModelCall): Record<string, Float64Array> {
  const outputs = evaluateReference(graph, inputs as Tensors);
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}

function expectClose(actual: Float64Array, expected: Float64Array): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
}

test('its classes, labels and limits', async () => {
  const [base, tokens] = await Promise.all([load(), load(TOKENS)]);
  expect(base).toBeInstanceOf(PrivacyFilter);
  expect([base.outputs, tokens.outputs]).toEqual([['last_hidden_state'], ['logits']]);
  expect([tokens.labels, tokens.maxLength, tokens.padTokenId]).toEqual([['O', 'S-x'], 131_072, 199_999]);
  await expect(load('OpenAIPrivacyFilterForMaskedLM')).rejects.toThrow(
    'the architecture must be one of OpenAIPrivacyFilterModel, OpenAIPrivacyFilterForTokenClassification',
  );
});

test('names with a prefix and without', async () => {
  const whole = randomCheckpoint(privacyFilterFamily, SMALL, { architecture: TOKENS });
  const tensors = await Promise.all(
    whole.names.map(async (name) => [name, await whole.tensor(name)] as const),
  );
  const bare = tensors
    .filter(([name]) => name.startsWith('model.'))
    .map(([name, tensor]) => [name.slice('model.'.length), tensor] as const);
  const ids = { inputIds: [[1, 2, 3, 4]] };
  const states = await Promise.all(
    [tensors, bare].map(async (list) => {
      const model = await privacyFilterFamily.load(memoryCheckpoint(SMALL, new Map(list)));
      return run(model.call(ids)).last_hidden_state;
    }),
  );
  expect([...states[1]]).toEqual([...states[0]]);
});

test('states between layers: the last is that of the output', async () => {
  const model = await load();
  const outputs = run(model.call({ inputIds: [[1, 2, 3]] }, { hiddenStates: true }));
  expect(Object.keys(outputs).sort()).toEqual([
    'hidden_states.0',
    'hidden_states.1',
    'hidden_states.2',
    'last_hidden_state',
  ]);
  expect([...outputs['hidden_states.2']]).toEqual([...outputs.last_hidden_state]);
});

test('positions turn by their differences, and padding is not seen', async () => {
  const model = await load();
  const inputIds = [[1, 2, 3, 4, 5]];
  const { last_hidden_state: plain } = run(model.call({ inputIds }));
  const moved = run(model.call({ inputIds, positionIds: [[7, 8, 9, 10, 11]] }));
  expectClose(moved.last_hidden_state, plain);
  const apart = run(model.call({ inputIds, positionIds: [[0, 1, 2, 3, 40]] }));
  expect(Math.max(...apart.last_hidden_state.map((value, i) => Math.abs(value - plain[i])))).toBeGreaterThan(
    1e-6,
  );
  const padded = { inputIds: [[9, ...inputIds[0], 8, 8]], attentionMask: [[0, 1, 1, 1, 1, 1, 0, 0]] };
  const { last_hidden_state: states } = run(model.call(padded));
  expectClose(states.slice(12, 72), plain);
});

describe('configs', () => {
  test('the published one has the defaults', () => {
    const { 'privacy-filter': preset } = PRIVACY_FILTER_PRESETS;
    const { architecture, ...published } = readPrivacyFilterConfig(preset);
    const { architecture: base, ...byDefault } = readPrivacyFilterConfig({});
    expect(byDefault).toEqual(published);
    expect([architecture, base]).toEqual([TOKENS, 'OpenAIPrivacyFilterModel']);
    expect(published.rope.factor).toBeCloseTo(1.34657, 5);
    expect(published.labels).toHaveLength(33);
  });

  test('both spellings of the rope', () => {
    const rope = (json: JsonObject) => readPrivacyFilterConfig(json).rope;
    const linear = { rope_type: 'linear', factor: 2 };
    const expected = rope({ rope_parameters: { ...linear, rope_theta: 100 } });
    expect(rope({ rope_theta: 100, rope_scaling: { type: 'linear', factor: 2 } })).toEqual(expected);
    expect(rope({ rope_parameters: linear })).not.toEqual(expected);
  });

  test.each([
    [{ num_attention_heads: 5 }, 'num_attention_heads must be a multiple of num_key_value_heads = 2, got 5'],
    [{ num_experts_per_tok: 129 }, 'num_experts_per_tok must be an integer from 1 to 128, got 129'],
    [{ head_dim: 7 }, 'the width of a head must be even, got 7'],
    [{ attention_bias: 1 }, 'attention_bias must be true or false, got 1'],
    [{ id2label: { 1: 'O' } }, 'id2label must be an object of names by number, from 0 on'],
    [{ rope_parameters: 5 }, 'rope_parameters must be an object, got 5'],
    [{ rope_parameters: { rope_type: 'longrope' } }, 'rope_parameters must have a rope_type of default'],
    [{ layer_types: ['full_attention'] }, 'layer_types must all be sliding_attention, got full_attention'],
  ] as const)('%j', (json, message) => {
    expect(() => readPrivacyFilterConfig(json as JsonObject)).toThrow(message);
  });
});
