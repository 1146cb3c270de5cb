/** Runs a search for texts that are searched together, and turns its rows into texts as they come. */
import { throwIfAborted } from '@attn/core/backend';
import type { RunnableModel } from '../runnable-model.ts';
import { searchBeams } from './beam-search.ts';
import { BeamTexts } from './beam-texts.ts';
import type { DecoderPlace } from './decoder.ts';
import { openDecoder, type PlannedSource } from './open-decoder.ts';
import type { Generated, GeneratedSequence } from './options.ts';
import type { FoundRow } from './search.ts';
import { TextStream } from './text-stream.ts';
import { searchTokens } from './token-search.ts';

/** How a search runs. Inputs are counted in their order. */
export interface SearchRun extends DecoderPlace {
  /** Texts before which a row ends. */
  readonly stop: readonly string[];
  /** Called after each step, with the inputs that took part. */
  readonly onStep: (inputs: readonly number[]) => void;
  /** Called with each new token of a row of an input; in beam search at the end. */
  readonly onToken?: ((id: number, input: number, row: number) => void) | undefined;
  /** Called with each piece of the text of a row of an input; in beam search at the end. */
  readonly onText?: ((piece: string, input: number, row: number) => void) | undefined;
}

/**
 * Generates the texts of inputs whose plans differ by nothing but where their tokens stand. Errors:
 * `ABORTED`, `RUN_FAILED`, those of the backends.
 */
export async function runSearch(
  where: string,
  runnable: RunnableModel,
  inputs: readonly PlannedSource[],
  { stop, onStep, onToken, onText, backend, signal }: SearchRun,
): Promise<readonly Generated[]> {
  const { tokenizer } = runnable;
  const [{ plan }] = inputs;
  const { choice, returned } = plan;
  const prompts = inputs.map(({ source, plan: { span } }) => ({
    ids: source.prompt,
    maxLength: span.maxLength,
  }));
  await using decoder = openDecoder(runnable, inputs, { backend, signal });
  /** The texts of each input, as many as are returned. */
  const streams = prompts.map(({ ids }, input) =>
    tokenizer
      ? Array.from(
          { length: returned },
          (_, row) => new TextStream(tokenizer, ids, stop, (piece) => onText?.(piece, input, row)),
        )
      : [],
  );
  const take = (id: number, input: number, row: number): boolean => {
    onToken?.(id, input, row);
    return streams[input].at(row)?.add(id) ?? false;
  };
  let stepping: readonly number[] = [];
  const watch = {
    onStep(isRunning: (prompt: number) => boolean): void {
      throwIfAborted(signal, where);
      if (stepping.length > 0) onStep(stepping);
      stepping = prompts.flatMap((_, input) => (isRunning(input) ? [input] : []));
    },
    onToken: (id: number, row: number) => take(id, Math.floor(row / returned), row % returned),
  };
  const texts =
    choice.kind === 'beams' && stop.length > 0 && tokenizer !== undefined
      ? new BeamTexts(
          tokenizer,
          inputs.map(({ source }) => source.prompt),
          choice.beams,
          stop,
        )
      : undefined;
  const results =
    choice.kind === 'beams'
      ? await searchBeams(decoder, prompts, plan, choice, { ...watch, texts })
      : await searchTokens(decoder, prompts, plan, watch);
  onStep(stepping);
  return results.map((rows, input) => {
    if (choice.kind === 'beams')
      for (const [row, { ids }] of rows.entries()) for (const id of ids) take(id, input, row);
    for (const stream of streams[input]) stream.finish();
    const sequences = rows.map((row, i) => sequenceOf(row, streams[input].at(i)?.text));
    const { text, prompt } = inputs[input].source;
    const promptTokens = (text?.ids ?? prompt).length;
    return { ...sequences[0], sequences, promptTokens, backends: [...decoder.backends] };
  });
}

function sequenceOf({ ids, end, score }: FoundRow, text: string | undefined): GeneratedSequence {
  return { ids, text, end, ...(score !== undefined && { score }) };
}
