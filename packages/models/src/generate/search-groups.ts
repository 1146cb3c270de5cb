/** Runs searches for many inputs: together where the model can, so that a step reads its weights once. */
import { batchesOf } from '../encode/batches.ts';
import type { Model } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { rowsOf, type SearchSource } from './open-decoder.ts';
import type { Generated } from './options.ts';
import { runSearch, type SearchRun } from './run-search.ts';
import type { SearchPlan } from './search.ts';

/** Most tokens that are encoded at once, padding included. A single text may be longer. */
const MOST_TOKENS = 16_384;

/** Most rows of a step. */
const MOST_ROWS = 16;

/** An input, and how it is searched. */
export interface PlannedSource {
  readonly source: SearchSource;
  readonly plan: SearchPlan;
}

/** How searches run; inputs are counted as in the call. */
export interface GroupsRun extends Omit<SearchRun, 'plan'> {
  /** Called with inputs whose texts are there. */
  readonly onEnd: (inputs: readonly number[]) => void;
}

/** The texts of all inputs, in their order. Errors: those of `runSearch`. */
export async function runSearches(
  where: string,
  runnable: RunnableModel,
  inputs: readonly PlannedSource[],
  { onStep, onEnd, onToken, onText, ...run }: GroupsRun,
): Promise<readonly Generated[]> {
  const results = new Map<number, Generated>();
  for (const group of searchGroups(runnable.model, inputs)) {
    const texts = await runSearch(
      where,
      runnable,
      group.map((input) => inputs[input].source),
      {
        ...run,
        plan: inputs[group[0]].plan,
        onStep: (members) => onStep(members.map((member) => group[member])),
        onToken: onToken && ((id, member, row) => onToken(id, group[member], row)),
        onText: onText && ((piece, member, row) => onText(piece, group[member], row)),
      },
    );
    for (const [member, text] of texts.entries()) results.set(group[member], text);
    onEnd(group);
  }
  return inputs.flatMap((_, input) => results.get(input) ?? []);
}

/**
 * The inputs that run together, by their places: texts for an encoder that it pads to the same length, so
 * that each gives what it gives alone. Their prompts and plans are the same. Others run alone.
 */
export function searchGroups(
  model: Pick<Model, 'maxLength' | 'graphLength'>,
  inputs: readonly PlannedSource[],
): readonly (readonly number[])[] {
  const lengths = inputs.flatMap(({ source: { text } }) => text?.ids.length ?? []);
  if (lengths.length < inputs.length || inputs.length === 0) return inputs.map((_, input) => [input]);
  const most = Math.max(1, Math.floor(MOST_ROWS / rowsOf(inputs[0].plan)));
  const batches = batchesOf(lengths, {
    maxLength: model.maxLength,
    graphLength: model.graphLength?.bind(model),
    batchTokens: MOST_TOKENS,
    padded: true,
  });
  const groups = batches.flatMap(({ members }) =>
    Array.from({ length: Math.ceil(members.length / most) }, (_, part) =>
      members.slice(part * most, (part + 1) * most),
    ),
  );
  return groups.toSorted(([a], [b]) => a - b);
}
