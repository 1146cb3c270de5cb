/** The steps of a stream of texts: each is read, runs with others, and is counted. */
import { AttnError, type Tensor } from '@attn/core';
import { clock, show } from '@attn/core/backend';
import { hasField } from '../inputs/entries.ts';
import type { QuantizedEmbeddings } from '../sentence/quantize.ts';
import { settleRuns, type Outcome } from './settle.ts';
import type { TokenizedText } from '../tokenizer.ts';
import {
  encodeTokenized,
  longestRow,
  longTextRule,
  tokenizeSources,
  type ChunkEmbeddings,
  type Embeddings,
  type EncodeCall,
  type TokenStates,
} from './encode.ts';
import { readInputs, type CheckedInput } from './inputs.ts';
import type { EncodeManyProgress, ManyInput, ManyResult, StreamOptions, TextKey } from './many-options.ts';

/** The place in errors. */
export const WHERE = 'models/encodeMany';

/** A text that waits. */
export interface WaitingText {
  readonly key: TextKey;
  readonly source: CheckedInput;
  readonly tokenized: TokenizedText;
}

/** A batch that has run, and what came of each of its texts. */
export interface BatchOutcome {
  readonly batch: readonly WaitingText[];
  readonly outcomes: readonly Outcome<Result>[];
}

/** The steps of a stream of texts, and what came of them. */
export class StreamSteps {
  /** How many texts run, or have run and are not finished. */
  running = 0;
  private readonly stream: StreamOptions;
  private readonly started = clock.now();
  private readonly counts = { done: 0, skipped: 0, failed: 0, tokens: 0 };
  private readonly call: EncodeCall;
  private count = 0;
  private isWarned = false;

  constructor(call: EncodeCall, stream: StreamOptions) {
    this.call = call;
    this.stream = stream;
  }

  /** Reads a text; undefined for one that was done before, or is wrong. */
  async admit(input: ManyInput): Promise<WaitingText | undefined> {
    const index = this.count++;
    const { where, runnable, options } = this.call;
    const { key, rest } = keyOf(input, index);
    return this.settle(key, async () => {
      if (await this.stream.done?.(key)) {
        this.counts.skipped += 1;
        return undefined;
      }
      const sources = readInputs(where, rest, runnable.model.vocabSize);
      if (sources.length !== 1) {
        const message = `an input must be one text, one pair or one list of ids, got ${show(rest)}`;
        throw new AttnError('INVALID_ARGUMENT', where, message);
      }
      const [tokenized] = await tokenizeSources(
        { ...this.call, options: { ...options, onProgress: undefined } },
        sources,
      );
      await this.warn(key, tokenized.ids.length);
      return { key, source: sources[0], tokenized };
    });
  }

  /** Warns of the first text that is too long; in a batch, it would have another number. */
  private async warn(key: TextKey, tokens: number): Promise<void> {
    const [most, rule] = [longestRow(this.call), longTextRule(this.call)];
    if (this.isWarned || tokens <= most || rule === 'throw') return;
    this.isWarned = true;
    const outcome = rule === 'cut' ? 'what is beyond is left out' : 'it is cut into windows';
    const message = `[attn/models] encodeMany: the text ${show(key)} has ${tokens} tokens, and ${most} are the most: ${outcome}; other long texts are not reported`;
    await (this.call.options.onWarning ?? console.warn)(message);
  }

  /** Runs a batch. Errors: those that are no fault of a text. */
  async run(batch: readonly WaitingText[], signal: AbortSignal): Promise<BatchOutcome> {
    this.running += batch.length;
    const call = { ...this.call, options: { ...this.call.options, onWarning: () => {}, signal } };
    const outcomes = await settleRuns(batch, async (texts) => {
      const sources = texts.map(({ source }) => source);
      const tokenized = texts.map(({ tokenized: tokens }) => tokens);
      return textResults(await encodeTokenized(call, { sources, tokenized }), texts.length);
    });
    return { batch, outcomes };
  }

  /** Counts and reports what came of a batch, and returns its results. */
  async finish({ batch, outcomes }: BatchOutcome): Promise<readonly ManyResult[]> {
    this.running -= batch.length;
    const results: ManyResult[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      const { key } = batch[i];
      if ('error' in outcome) {
        await this.fail(outcome.error, key);
        continue;
      }
      results.push({ ...outcome.answer, key });
      this.counts.done += 1;
      this.counts.tokens += outcome.answer.tokens[0];
    }
    await this.report();
    return results;
  }

  /** Calls `onProgress`. Errors: those that it throws. */
  async report(): Promise<void> {
    const { onProgress, total } = this.stream;
    if (onProgress === undefined) return;
    const { done, skipped, failed, tokens } = this.counts;
    const seconds = Math.max((clock.now() - this.started) / 1e3, 1e-3);
    const textsPerSecond = done / seconds;
    const remaining = total === undefined ? 0 : Math.max(total - done - skipped - failed, 0);
    const progress: EncodeManyProgress = {
      ...this.counts,
      textsPerSecond,
      tokensPerSecond: tokens / seconds,
      ...(total !== undefined && { total }),
      ...(total !== undefined && done > 0 && { secondsLeft: remaining / textsPerSecond }),
    };
    await onProgress(progress);
  }

  private async settle<T>(key: TextKey, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AttnError && error.isInputError)) throw error;
      await this.fail(error, key);
      return undefined;
    }
  }

  /** Hands an error on, or throws it with the key of its text. */
  private async fail(error: AttnError, key: TextKey): Promise<void> {
    const { onError } = this.stream;
    if (onError === undefined) {
      const message = `the text ${show(key)}: ${error.sentence}`;
      throw new AttnError(error.code, WHERE, message, { cause: error });
    }
    this.counts.failed += 1;
    await onError(error, key);
  }
}

/** The key of an input, and the input without it. */
function keyOf(input: ManyInput, index: number): { readonly key: TextKey; readonly rest: unknown } {
  if (!hasField(input, 'key')) return { key: index, rest: input };
  const { key, ...rest } = input as { readonly key: unknown };
  if (typeof key === 'string' || typeof key === 'number') return { key, rest };
  const message = `the key of input ${index} must be a string or a number, got ${show(key)}`;
  throw new AttnError('INVALID_ARGUMENT', WHERE, message);
}

type Result = Embeddings | ChunkEmbeddings | TokenStates;

/** The result of each text, as if it had run alone. */
function textResults(result: Result, count: number): readonly Result[] {
  const { tokens, backends } = result;
  return Array.from({ length: count }, (_, text) => {
    const facts = { tokens: [tokens[text]], backends };
    if (!('embeddings' in result))
      return { states: [result.states[text]], tokenized: [result.tokenized[text]], ...facts };
    const { embeddings, quantized } = result;
    const chunks = 'chunks' in result ? result.chunks : undefined;
    const first = chunks === undefined ? text : chunks.findIndex((chunk) => chunk.text >= text);
    const own = chunks?.filter((chunk) => chunk.text === text);
    const rows = own?.length ?? 1;
    return {
      embeddings: rowsOf(embeddings, first, rows),
      ...(quantized && { quantized: rowsOf(quantized, first, rows) }),
      ...(own && { chunks: own.map((chunk) => ({ ...chunk, text: 0 })) }),
      ...facts,
    };
  });
}

/** A copy of some rows: a part of the same memory would keep all of it. */
function rowsOf<M extends Tensor<'f32'> | QuantizedEmbeddings>(matrix: M, first: number, rows: number): M {
  const [, width] = matrix.shape;
  const start = Math.max(first, 0) * width;
  return { ...matrix, shape: [rows, width], data: matrix.data.slice(start, start + rows * width) };
}
