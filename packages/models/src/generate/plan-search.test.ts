// Options become a plan, those of the call before those of files, or one sentence says what contradicts.
import { describe, expect, test } from 'vitest';
import { defaultsOf, generationDefaults, prefixOfTask } from './generation-config.ts';
import { idleOptions, planSearch } from './plan-search.ts';
import type { SearchPlan } from './search.ts';
import { readSearchSettings, type SearchSettings } from './settings.ts';

const PLACE = { where: 'models/generate', eos: [2], promptLength: 3, room: 100 };
const plan = (options: SearchSettings, defaults: SearchSettings = {}): SearchPlan =>
  planSearch(options, defaults, PLACE);

test('by default the likeliest token, 64 times, or as often as there is room', () => {
  expect(plan({})).toMatchObject({
    choice: { kind: 'greedy' },
    returned: 1,
    rules: { eos: [2] },
    span: { promptLength: 3, maxLength: 67 },
  });
  expect(planSearch({}, {}, { ...PLACE, room: 10 }).span.maxLength).toBe(10);
});

test.each<[SearchSettings, SearchSettings, number]>([
  [{ max_new_tokens: 5 }, {}, 8],
  [{ max_length: 9 }, {}, 9],
  [{}, { max_length: 50 }, 50],
  [{}, { max_length: 50, max_new_tokens: 4 }, 7],
  [{ max_new_tokens: 5 }, { max_length: 50 }, 8],
  [{ max_length: 9 }, { max_new_tokens: 50 }, 9],
  // The call's greatest length goes before the files' least.
  [{ max_new_tokens: 5 }, { max_length: 50, min_length: 30 }, 8],
])('%j over %j: at most %i tokens', (options, defaults, expected) => {
  expect(plan(options, defaults).span.maxLength).toBe(expected);
});

test('draws and beams', () => {
  const draw = { do_sample: true, temperature: 0.5, top_p: 0.9, seed: 3 };
  expect(plan(draw).choice).toEqual({ kind: 'sample', temperature: 0.5, topK: 50, topP: 0.9, seed: 3 });
  expect(plan({ num_beams: 4 }, { early_stopping: true, length_penalty: 2 }).choice).toEqual({
    kind: 'beams',
    beams: 4,
    lengthPenalty: 2,
    earlyStopping: true,
  });
  expect(plan({ num_beams: 1 }, { num_beams: 4 }).choice).toEqual({ kind: 'greedy' });
});

test('what does nothing is named', () => {
  const options = { temperature: 2, length_penalty: 1 };
  expect(idleOptions(options, plan(options))).toEqual([
    'temperature does nothing without do_sample',
    'length_penalty does nothing without num_beams',
  ]);
  expect(idleOptions({ seed: 1, do_sample: true }, plan({ do_sample: true }))).toEqual([]);
});

test.each<[SearchSettings, SearchSettings, string]>([
  [
    { max_length: 9, max_new_tokens: 5 },
    {},
    'max_length and max_new_tokens must not both be there, got 9 and 5',
  ],
  [
    { num_beams: 2, num_return_sequences: 3 },
    {},
    'num_return_sequences must be at most num_beams, got 3 and 2',
  ],
  [
    { num_return_sequences: 3 },
    { num_beams: 2 },
    'num_return_sequences must be at most num_beams, got 3 and 2',
  ],
  [{ num_return_sequences: 2 }, {}, 'num_return_sequences above 1 needs num_beams or do_sample, got 2'],
  [{ min_length: 9, max_length: 8 }, {}, 'min_length must be at most max_length, got 9 and 8'],
  [
    { min_new_tokens: 9, max_new_tokens: 8 },
    {},
    'min_new_tokens must be at most max_new_tokens, got 9 and 8',
  ],
  [
    { min_length: 20 },
    { max_length: 15 },
    'min_length must be at most the greatest length of the text, got 20 and 15',
  ],
  [{ min_new_tokens: 20 }, { max_length: 15 }, 'got 23 and 15'],
  [{ max_length: 3 }, {}, 'max_length must be above the 3 tokens of the prompt, got 3'],
  [{ max_new_tokens: 98 }, {}, 'a prompt and its new tokens must be at most 100 tokens together, got 3 + 98'],
  [
    { suppress_tokens: [4, 5], forced_eos_token_id: [5] },
    {},
    'suppress_tokens must not have a forced token, got 5',
  ],
])('%j over %j: %s', (options, defaults, message) => {
  expect(() => plan(options, defaults)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  );
});

test('beams that are drawn', () => {
  const options = { num_beams: 4, do_sample: true, temperature: 2, seed: 3 };
  expect(plan(options).choice).toEqual({
    kind: 'beams',
    beams: 4,
    lengthPenalty: 1,
    earlyStopping: false,
    draws: { temperature: 2, topK: 50, topP: 1, seed: 3 },
  });
  expect(plan({ num_beams: 4 }, { do_sample: true, temperature: 2 }).choice).toMatchObject({
    draws: { temperature: 2, seed: 0 },
  });
  expect(idleOptions(options, plan(options))).toEqual([]);
  expect(idleOptions({ seed: 3 }, plan({ num_beams: 4, seed: 3 }))).toEqual([
    'seed does nothing without do_sample',
  ]);
});

test.each<[object, string]>([
  [{ suppress_tokens: [3, 70] }, 'suppress_tokens must be integers from 0 to 9, got 70 at [1]'],
  [{ bad_words_ids: 3 }, 'bad_words_ids must be a list of lists of ids, got 3'],
  [{ bad_words_ids: [[]] }, 'bad_words_ids must be lists of at least one id, got [] at [0]'],
  [{ bad_words_ids: [[3], [-1]] }, 'bad_words_ids[1] must be integers from 0 to 9, got -1 at [0]'],
  [{ eos_token_id: 'x' }, 'eos_token_id must be a list of integers, got "x"'],
  [{ forced_bos_token_id: 10 }, 'forced_bos_token_id must be integers from 0 to 9, got 10'],
])('ids: %j', (options, message) => {
  expect(() => readSearchSettings('models/generate', options, 10)).toThrow(message);
});

describe('files', () => {
  const WHERE = 'models/generate';
  const at = (task?: string): { readonly task: string | undefined; readonly vocabSize: number } => ({
    task,
    vocabSize: 10,
  });
  const read = (config: object, generation?: object, task?: string): SearchSettings =>
    defaultsOf(WHERE, generationDefaults({ ...config }, generation && { ...generation }), {}, at(task));

  test('generation_config.json alone, or else fields of config.json', () => {
    const config = { num_beams: 4, max_length: 142, eos_token_id: 2, model_type: 'bart' };
    expect(read(config)).toEqual({ num_beams: 4, max_length: 142, eos_token_id: [2] });
    expect(read(config, { do_sample: true, stop_strings: ['x'], top_k: null })).toEqual({
      do_sample: true,
      stop: ['x'],
    });
  });

  test('what they say of a task goes before', () => {
    const config = {
      prefix: 'all: ',
      task_specific_params: { summarization: { prefix: 'summarize: ', num_beams: 4, max_length: 142 } },
    };
    expect(read(config, { max_length: 20 }, 'summarization')).toEqual({ num_beams: 4, max_length: 142 });
    expect(read(config, { max_length: 20 })).toEqual({ max_length: 20 });
    const defaults = generationDefaults(config, {});
    expect(prefixOfTask(defaults, config, 'summarization')).toBe('summarize: ');
    expect(prefixOfTask(defaults, config, 'text2text-generation')).toBe('all: ');
  });

  test.each<[object, object | undefined, string, string]>([
    [
      {},
      { num_beams: 0 },
      'MALFORMED_FILE',
      'generation_config.json: num_beams must be a positive integer, got 0',
    ],
    [{ top_p: 7 }, undefined, 'MALFORMED_FILE', 'config.json: top_p must be above 0 and at most 1, got 7'],
    [
      {},
      { suppress_tokens: 'a' },
      'MALFORMED_FILE',
      'generation_config.json: suppress_tokens must be a list',
    ],
    [{}, { suppress_tokens: [99] }, 'MALFORMED_FILE', 'must be integers from 0 to 9, got 99'],
    [
      {},
      { penalty_alpha: 0.6 },
      'UNSUPPORTED',
      'generation_config.json has penalty_alpha 0.6, which this library does not know',
    ],
    [{}, { do_sample: true, typical_p: 0.9 }, 'UNSUPPORTED', 'has typical_p 0.9'],
    [{ task_specific_params: 3 }, {}, 'MALFORMED_FILE', 'task_specific_params must be an object, got 3'],
  ])('refused: %j, %j', (config, generation, code, message) => {
    expect(() => read(config, generation)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test('fields that are unknown but do nothing', () => {
    const idle = {
      num_beam_groups: 1,
      diversity_penalty: 0,
      typical_p: 0.9,
      penalty_alpha: null,
      use_cache: true,
    };
    expect(read({}, idle)).toEqual({});
  });
});
