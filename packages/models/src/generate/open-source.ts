/** What a search begins with: the text itself, or what an encoder reads and the tokens of the decoder. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import { readIntegerList } from '../inputs/integers.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { SearchSource } from './open-decoder.ts';
import type { GenerateOptions } from './options.ts';

/** The token between documents of PRIMERA, which is global there. */
const DOCUMENT_END = '<doc-sep>';

/** The options that it depends on. */
interface SourceOptions {
  readonly decoder_input_ids: GenerateOptions['decoder_input_ids'];
  readonly decoder_start_token_id: number | undefined;
  readonly globalTokens: GenerateOptions['globalTokens'];
}

/**
 * Checks the options of a call, beside the defaults of the model's files, and returns what turns the ids of a
 * text into what a search begins with. Errors: `INVALID_ARGUMENT`, also of that function (a text that is too
 * long for the encoder).
 */
export function openSource(
  where: string,
  runnable: RunnableModel,
  options: SourceOptions,
  defaults: Pick<GenerateOptions, 'decoder_start_token_id'>,
): (ids: readonly number[]) => SearchSource {
  const { model } = runnable;
  const { globalTokens } = options;
  const decoder = model.generation?.decoder;
  if (globalTokens !== undefined && !(decoder && model.takesGlobalTokens))
    throw without(where, `${model.architecture} reads no global tokens`, { globalTokens });
  if (decoder === undefined) {
    for (const name of ['decoder_input_ids', 'decoder_start_token_id'] as const)
      if (options[name] !== undefined)
        throw without(where, `${model.architecture} has no encoder`, { [name]: options[name] });
    return (ids) => ({ text: undefined, prompt: ids });
  }
  const start = options.decoder_start_token_id ?? defaults.decoder_start_token_id ?? decoder.startTokenId;
  const prompt = promptOf(where, runnable, start, options.decoder_input_ids);
  const globals =
    globalTokens === undefined
      ? undefined
      : readIntegerList({ where, name: 'globalTokens' }, globalTokens, model.maxLength);
  return (ids) => {
    if (ids.length > model.maxLength) {
      const message = `a text must be at most ${model.maxLength} tokens, got ${ids.length}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
    const positions = (globals ?? defaultGlobals(runnable, ids)).filter((position) => position < ids.length);
    return { text: { ids, globalTokens: positions }, prompt };
  };
}

function promptOf(
  where: string,
  { model }: RunnableModel,
  start: number,
  ids: SourceOptions['decoder_input_ids'],
): readonly number[] {
  if (ids === undefined) return [start];
  const prompt = readIntegerList({ where, name: 'decoder_input_ids' }, ids, model.vocabSize);
  if (prompt.length > 0) return prompt;
  const message = `decoder_input_ids must be a list of at least one id, got ${show(ids)}`;
  throw new AttnError('INVALID_ARGUMENT', where, message);
}

function defaultGlobals({ model, tokenizer }: RunnableModel, ids: readonly number[]): readonly number[] {
  if (!model.takesGlobalTokens) return [];
  const isEnd = (id: number): boolean => tokenizer?.idToToken?.(id) === DOCUMENT_END;
  return ids.flatMap((id, position) => (position === 0 || isEnd(id) ? [position] : []));
}

function without(where: string, reason: string, option: Readonly<Record<string, unknown>>): AttnError {
  const [[name, value]] = Object.entries(option);
  const message = `${reason}, so ${name} must be absent, got ${show(value)}`;
  return new AttnError('INVALID_ARGUMENT', where, message);
}
