/** All options of generation at once, for tests of wrong ones. */
import type { GenerateOptions } from './options.ts';

/** Right values of options that go together, for a model without an encoder and at least 10 ids. */
export function everyOption(): GenerateOptions {
  return {
    max_new_tokens: 2,
    min_length: 1,
    min_new_tokens: 1,
    do_sample: true,
    temperature: 1,
    top_k: 2,
    top_p: 0.5,
    seed: 1,
    num_beams: 1,
    length_penalty: 1,
    early_stopping: false,
    num_return_sequences: 1,
    repetition_penalty: 1.1,
    no_repeat_ngram_size: 2,
    bad_words_ids: [[3], [4, 5]],
    suppress_tokens: [6],
    begin_suppress_tokens: [7],
    forced_bos_token_id: 8,
    forced_eos_token_id: [9],
    eos_token_id: 1,
    stop: ['x'],
    backend: 'cpu',
    signal: new AbortController().signal,
    onToken: () => {},
    onText: () => {},
    onProgress: () => {},
    onWarning: () => {},
  };
}
