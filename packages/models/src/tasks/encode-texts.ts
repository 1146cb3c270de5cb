/** Vectors of texts for tasks: `encode` with the options of tasks. */
import { AttnError } from '@attn/core';
import { integer, type OptionKinds } from '@attn/core/backend';
import { encode, type ChunkEmbeddings, type Embeddings, type TokenStates } from '../encode/encode.ts';
import { PROMPT_KINDS, type Checked, type EncodeOptions } from '../encode/options.ts';
import { refuseOthers } from '../encode/vector-plan.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { PromptChoice } from '../sentence/prompts.ts';
import type { TextInput } from '../tokenizer.ts';
import { taskKinds, type TaskOptions } from './task-options.ts';

/** Options of every task over vectors of texts. */
export interface TextVectorOptions extends TaskOptions, PromptChoice {
  /** How many dimensions are kept of each vector, for models that were trained for it. Default: all. */
  readonly dimensions?: number;
}

/** What `encode` takes and tasks have no other names for. */
type OwnOptions = Omit<EncodeOptions, keyof TextVectorOptions | 'onLongText'>;

/** Kinds of the options of every task over vectors of texts. */
export function textVectorKinds(runnable: RunnableModel): OptionKinds<TextVectorOptions> {
  return { dimensions: integer(1), ...PROMPT_KINDS, ...taskKinds(runnable) };
}

/**
 * Refuses models that make no vectors of texts. Errors: `UNSUPPORTED` (a model with a head), `MISSING_INPUT`
 * (no tokenizer).
 */
export function checkMakesVectors(where: string, runnable: RunnableModel): void {
  refuseOthers(where, runnable);
  if (runnable.tokenizer !== undefined) return;
  const message = 'the task is over texts, and this checkpoint has no files of a tokenizer';
  throw new AttnError('MISSING_INPUT', where, message);
}

/**
 * Encodes texts. With `truncation` they are cut at the length that the files say; without it, longer texts
 * are read in windows of that length in a folder of sentence-transformers, and else as long as the model can.
 * Errors: those of `LoadedModel.encode`.
 */
export async function encodeTexts(
  where: string,
  runnable: RunnableModel,
  inputs: readonly TextInput[],
  {
    truncation = false,
    onWarning = () => {},
    maxLength,
    ...options
  }: Checked<TextVectorOptions & OwnOptions>,
): Promise<Embeddings | ChunkEmbeddings | TokenStates> {
  const most = maxLength ?? (truncation ? runnable.settings.cutting?.maxLength : undefined);
  const onLongText = truncation ? 'cut' : 'split';
  const length = most === undefined ? {} : { maxLength: most };
  return encode(runnable, inputs, { ...options, ...length, onLongText, onWarning }, where);
}
