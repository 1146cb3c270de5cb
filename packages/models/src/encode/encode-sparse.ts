/** From texts to SPLADE's sparse vectors: a weight for each token of the vocabulary that a text is about. */
import { AttnError, f32 } from '@attn/core';
import { integer, oneOf, withCallbacks, type OptionKinds } from '@attn/core/backend';
import type { RunnableModel } from '../runnable-model.ts';
import { choosePrompt, withPrompt, type PromptChoice } from '../sentence/prompts.ts';
import type { SentenceSettings, SparsePipeline } from '../sentence/settings.ts';
import { sparseRows, type SparseVector } from '../sentence/sparse-vector.ts';
import { SpladePool } from '../sentence/splade.ts';
import type { EncodeFacts } from './encode.ts';
import { fitTexts } from './fit-texts.ts';
import { readInputs, type CheckedInput } from './inputs.ts';
import { checkTextRun, PROMPT_KINDS, textRunKinds, type Checked, type TextRunOptions } from './options.ts';
import { runAll, tokenizeTexts } from './run-texts.ts';
import { tokenizeAll } from './tokenize.ts';

/** Options of `encodeSparse`. */
export interface EncodeSparseOptions extends TextRunOptions, PromptChoice {
  /** Most weights of a vector: the greatest are kept. Default: all. */
  readonly maxActive?: number;
  /**
   * What happens to texts of more than `maxLength` tokens: what is beyond is left out (`cut`, the default),
   * or their windows are computed (`split`), both with a warning, or the call ends with `INVALID_ARGUMENT`
   * (`throw`).
   */
  readonly onLongText?: 'split' | 'cut' | 'throw';
}

/** A sparse vector for each text or pair. */
export interface SparseEmbeddings extends EncodeFacts {
  /** Their `indices` are ids of tokens. */
  readonly vectors: readonly SparseVector[];
  /** How many dimensions the vectors have: the size of the vocabulary. */
  readonly width: number;
}

const WHERE = 'models/encodeSparse';

/** Tokens of a batch: each has a logit for every token of the vocabulary. */
const BATCH_TOKENS = 1_024;

/** Implements `LoadedModel.encodeSparse`. */
export async function encodeSparse(
  runnable: RunnableModel,
  inputs: unknown,
  options: EncodeSparseOptions = {},
): Promise<SparseEmbeddings> {
  const { model, settings } = runnable;
  const { sentence } = settings;
  if (sentence?.pipeline.kind !== 'sparse' || !model.outputs.includes('logits')) {
    const message = `sparse vectors need a folder of sentence-transformers with a SpladePooling, got ${model.architecture}`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  const { pipeline } = sentence;
  const kinds: OptionKinds<EncodeSparseOptions> = {
    maxActive: integer(1),
    onLongText: oneOf('split', 'cut', 'throw'),
    ...PROMPT_KINDS,
    ...textRunKinds(model),
  };
  const checked = checkTextRun(WHERE, model, options, kinds);
  const prompt = choosePrompt(WHERE, sentence.prompts, checked);
  const texts = withPrompt(WHERE, readInputs(WHERE, inputs, model.vocabSize), prompt, checked);
  const { onProgress, onWarning, signal } = checked;
  return withCallbacks({ onProgress, onWarning }, signal, (callbacks, stop) =>
    encodeInputs(runnable, texts, { ...sentence, pipeline }, { ...checked, ...callbacks, signal: stop }),
  );
}

async function encodeInputs(
  runnable: RunnableModel,
  inputs: readonly CheckedInput[],
  sentence: SentenceSettings & { readonly pipeline: SparsePipeline },
  options: Checked<EncodeSparseOptions>,
): Promise<SparseEmbeddings> {
  const { model } = runnable;
  const { batchTokens = BATCH_TOKENS, maxActive = sentence.dimensions } = options;
  const tokenized = await tokenizeTexts(WHERE, runnable, inputs, options, tokenizeAll);
  const { texts, windows } = fitTexts(WHERE, tokenized, {
    maxLength: options.maxLength ?? sentence.maxLength ?? model.maxLength,
    onLongText: options.onLongText ?? 'cut',
    cutSide: sentence.side,
    onWarning: options.onWarning ?? console.warn,
  });
  const pools: SpladePool[] = [];
  let width = model.vocabSize ?? 0;
  const backends = await runAll(
    WHERE,
    runnable,
    windows,
    { ...options, batchTokens },
    ({ text, parts }, { logits }, row) => {
      const [, length, vocabulary] = logits.shape;
      width = vocabulary;
      const pool = (pools[text] ??= new SpladePool(sentence.pipeline.splade, width));
      for (const { from, to, share } of parts)
        for (let token = row * length + from; token < row * length + to; token++)
          pool.add(logits.data.subarray(token * width, (token + 1) * width), share);
    },
  );
  const vectors = pools.flatMap((pool) => {
    const data = Float32Array.from(pool.vector());
    return sparseRows(f32([1, width], data), maxActive);
  });
  return { vectors, width, tokens: texts.map(({ ids }) => ids.length), backends };
}
