/** Runs searches for many inputs: together where the model can, so that a step reads its weights once. */
import { byteLengthOf } from '@attn/core/backend';
import { batchesOf } from '../encode/batches.ts';
import type { CachedDecoding, Model } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { roomAbove } from './decoder-room.ts';
import { placesOf, rowsOf, type PlannedSource } from './open-decoder.ts';
import type { Generated } from './options.ts';
import { runSearch, type SearchRun } from './run-search.ts';

/** Most tokens that are encoded at once, padding included. A single text may be longer. */
const MOST_TOKENS = 16_384;

/** Most rows of a step. */
const MOST_ROWS = 16;

/** Most bytes of the caches of prompts that run together. That of a single prompt may be larger. */
const MOST_BYTES = 2 ** 29;

/** Prompts of up to so many tokens run with any shorter ones, longer ones with those of half their length. */
const SHORT_PROMPT = 64;

/** How searches run; inputs are counted as in the call. */
export interface GroupsRun extends SearchRun {
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
      group.map((input) => inputs[input]),
      {
        ...run,
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
 * The inputs that run together, by their places, so that each gives what it gives alone: texts for an
 * encoder that it pads to the same length, and prompts of similar lengths for a model with a cache and no
 * encoder. Their plans differ by nothing but where tokens stand. Others run alone.
 */
export function searchGroups(
  model: Pick<Model, 'maxLength' | 'graphLength' | 'generation'>,
  inputs: readonly PlannedSource[],
): readonly (readonly number[])[] {
  if (inputs.length === 0) return [];
  const most = Math.max(1, Math.floor(MOST_ROWS / rowsOf(inputs[0].plan)));
  const cached = model.generation?.cached;
  const lengths = inputs.flatMap(({ source: { text } }) => text?.ids.length ?? []);
  if (lengths.length === inputs.length) return inOrder(textGroups(model, lengths, most));
  if (cached === undefined) return inputs.map((_, input) => [input]);
  return inOrder(promptGroups(cached, inputs, most));
}

/** Texts for an encoder, of at most so many together. */
function textGroups(
  model: Pick<Model, 'maxLength' | 'graphLength'>,
  lengths: readonly number[],
  most: number,
): readonly (readonly number[])[] {
  const batches = batchesOf(lengths, {
    maxLength: model.maxLength,
    graphLength: model.graphLength?.bind(model),
    batchTokens: MOST_TOKENS,
    padded: true,
  });
  return batches.flatMap(({ members }) =>
    Array.from({ length: Math.ceil(members.length / most) }, (_, part) =>
      members.slice(part * most, (part + 1) * most),
    ),
  );
}

/** Prompts, of at most so many together: the longest with those that come next. */
function promptGroups(
  cached: CachedDecoding,
  inputs: readonly PlannedSource[],
  most: number,
): readonly (readonly number[])[] {
  const lengthOf = (input: number): number => inputs[input].source.prompt.length;
  const sorted = inputs.map((_, input) => input).toSorted((a, b) => lengthOf(b) - lengthOf(a));
  const groups: number[][] = [];
  for (const input of sorted) {
    const group = groups.at(-1);
    const members = [...(group ?? []), input].map((member) => inputs[member]);
    if (group !== undefined && members.length <= most && goTogether(cached, members)) group.push(input);
    else groups.push([input]);
  }
  return groups;
}

/** Whether prompts, of which the first is the longest and the last the shortest, may share their steps. */
function goTogether(cached: CachedDecoding, members: readonly PlannedSource[]): boolean {
  const [longest, shortest] = [members[0], members[members.length - 1]].map(
    ({ source }) => source.prompt.length,
  );
  if (longest > SHORT_PROMPT && 2 * shortest < longest) return false;
  const places = placesOf(members);
  const rows = members.length * rowsOf(members[0].plan);
  return rows * places <= MOST_TOKENS && rows * bytesOfRow(cached, places) <= MOST_BYTES;
}

/** Bytes of the cache of a row with so many places. */
function bytesOfRow(cached: CachedDecoding, places: number): number {
  const { states, values } = cached.step({ rows: 1, capacity: roomAbove(places) });
  return [...states.values()].reduce((sum, id) => sum + byteLengthOf(values[id]), 0);
}

/** Groups by their first members, each with its members in order. */
function inOrder(groups: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return groups.map((group) => group.toSorted((a, b) => a - b)).toSorted(([a], [b]) => a - b);
}
