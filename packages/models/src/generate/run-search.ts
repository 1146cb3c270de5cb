/** Runs a search for one input, and turns its rows into texts as they come. */
import { throwIfAborted } from '@attn/core/backend';
import type { RunnableModel } from '../runnable-model.ts';
import { searchBeams } from './beam-search.ts';
import type { DecoderPlace } from './decoder.ts';
import { openDecoder, type SearchSource } from './open-decoder.ts';
import type { Generated, GeneratedSequence } from './options.ts';
import type { FoundRow, SearchPlan } from './search.ts';
import { TextStream } from './text-stream.ts';
import { searchTokens } from './token-search.ts';

/** How a search for one input runs. */
export interface SearchRun extends DecoderPlace {
  readonly plan: SearchPlan;
  /** Texts before which a row ends. */
  readonly stop: readonly string[];
  /** Called after each step. */
  readonly onStep: () => void;
  /** Called with each new token of a row; in beam search at the end. */
  readonly onToken: ((id: number, row: number) => void) | undefined;
  /** Called with each piece of the text of a row; in beam search at the end. */
  readonly onText: ((piece: string, row: number) => void) | undefined;
}

/** Generates the texts of one input. Errors: `ABORTED`, `RUN_FAILED`, those of the backends. */
export async function runSearch(
  where: string,
  runnable: RunnableModel,
  source: SearchSource,
  { plan, stop, onStep, onToken, onText, backend, signal }: SearchRun,
): Promise<Generated> {
  const { tokenizer } = runnable;
  const { prompt } = source;
  await using decoder = openDecoder(runnable, source, plan, { backend, signal });
  const streams: readonly TextStream[] = tokenizer
    ? Array.from(
        { length: plan.returned },
        (_, row) => new TextStream(tokenizer, prompt, stop, (piece) => onText?.(piece, row)),
      )
    : [];
  let step = 0;
  const watch = {
    onStep(): void {
      throwIfAborted(signal, where);
      if (step > 0) onStep();
      step += 1;
    },
    onToken(id: number, row: number): boolean {
      onToken?.(id, row);
      return streams.at(row)?.add(id) ?? false;
    },
  };
  const { choice } = plan;
  const isBeams = choice.kind === 'beams';
  const [rows] = isBeams
    ? await searchBeams(decoder, [prompt], plan, choice, watch)
    : await searchTokens(decoder, [prompt], plan, watch);
  onStep();
  if (isBeams) for (const [row, { ids }] of rows.entries()) for (const id of ids) watch.onToken(id, row);
  for (const stream of streams) stream.finish();
  const sequences = rows.map((result, row) => sequenceOf(result, streams.at(row)?.text));
  const promptTokens = (source.text?.ids ?? prompt).length;
  return { ...sequences[0], sequences, promptTokens, backends: [...decoder.backends] };
}

function sequenceOf({ ids, end, score }: FoundRow, text: string | undefined): GeneratedSequence {
  return { ids, text, end, ...(score !== undefined && { score }) };
}
