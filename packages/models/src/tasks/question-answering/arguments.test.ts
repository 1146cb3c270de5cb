/** The pipeline takes its arguments, or throws one typed sentence that says what is wrong with them. */
import { describeFunctions } from '@attn/conformance/vitest';
import { afterAll } from 'vitest';
import { pipeline } from '../../node.ts';
import { attnOn, taskFolders } from '../golden-tasks.testing.ts';
import type { QuestionInput } from './input.ts';

const attn = await attnOn('cpu');
const answer = await pipeline('question-answering', taskFolders('question-answering')[0].path, { attn });
afterAll(() => attn.dispose());

const options = {
  top_k: 2,
  max_answer_len: 3,
  align_to_words: true,
  handle_impossible_answer: true,
  max_seq_len: 16,
  doc_stride: 1,
  maxLength: 16,
  overlap: 1,
  truncation: false,
  batchTokens: 64,
  backend: 'cpu',
  signal: new AbortController().signal,
  onProgress: () => {},
  onWarning: () => {},
};

describeFunctions([], {
  'answer of a question and a context': {
    call: (...[question, context, asked]) => answer(question as string, context as string, asked),
    args: () => ['Who?', 'Ahab', options],
    options: [2],
  },
  'answer of an input': {
    call: (...[input, asked]) => answer(input as QuestionInput, asked),
    args: () => [{ question: 'Who?', context: 'Ahab' }, options],
    options: [0, 1],
  },
});
