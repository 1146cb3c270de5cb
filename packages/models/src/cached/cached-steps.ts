/** The steps of a decoder with a cache: checks of what a caller gives, and graphs, which are remembered. */
import { AttnError, type Graph, type Tensors } from '@attn/core';
import { aBoolean, anything, checkOptions, integer, show, type OptionKinds } from '@attn/core/backend';
import { ShapeGraphs } from '../graph/shape-graphs.ts';
import { readIds } from '../inputs/integers.ts';
import type { BestShape, CachedDecoding, EncodedTexts, StepShape, StepTokens } from '../model.ts';
import { MOST_TOKENS } from './pieces.ts';
import { placeInputs, type StepAt } from './step-places.ts';

/** The shape of a step, checked. `T` are its texts: `EncodedTexts`, or undefined without an encoder. */
export interface StepSizes<T> {
  readonly texts: T;
  readonly rows: number;
  readonly length: number;
  readonly capacity: number;
  readonly best: BestShape | undefined;
  /** Whether rows may begin behind padding. */
  readonly padding: boolean;
}

/** What a model says of its steps. */
export interface StepParts<T extends EncodedTexts | undefined> {
  readonly where: string;
  readonly vocabSize: number;
  /** Most tokens of a row. */
  readonly maxLength: number;
  /** The input of the tokens, i32 [rows, T]. */
  readonly idsName: string;
  /** Whether rows may begin behind padding. */
  readonly takesPadding: boolean;
  /** `CachedDecoding.rowStates`. */
  readonly rowStates: readonly string[];
  /** Checks the texts of a shape. */
  readTexts(texts: EncodedTexts | undefined): T;
  /** Builds the graph of a step. Its inputs are the tokens, those of `stepPlaces` and those of `inputs`. */
  graph(sizes: StepSizes<T>): Graph;
  /** The inputs that only this model has. */
  inputs?(sizes: StepSizes<T>, at: StepAt): Tensors;
}

const SHAPE: OptionKinds<StepShape> = {
  texts: anything,
  rows: integer(1),
  length: integer(1, MOST_TOKENS),
  capacity: integer(1),
  best: anything,
  padding: aBoolean,
};
const BEST: OptionKinds<BestShape> = { count: integer(1), sums: aBoolean };
const TOKENS: OptionKinds<StepTokens> = {
  ids: anything,
  position: integer(0),
  count: integer(1),
  starts: anything,
};
const TEXTS: OptionKinds<EncodedTexts> = { count: integer(1), length: integer(1), padding: aBoolean };

/** The steps of a model. */
export function cachedSteps<T extends EncodedTexts | undefined>(parts: StepParts<T>): CachedDecoding {
  const { where, vocabSize, maxLength, idsName, rowStates, takesPadding } = parts;
  const graphs = new ShapeGraphs((sizes: StepSizes<T>) => parts.graph(sizes));
  const sizesOf = (shape: StepShape): StepSizes<T> => {
    const checked = present(where, 'the shape of a step', shape, SHAPE, ['rows', 'capacity']);
    const { rows, length = 1, capacity, padding = false } = checked;
    if (padding && !takesPadding)
      throw invalid(
        where,
        `padding must be absent, because all prompts are equally long, got ${show(padding)}`,
      );
    if (length > capacity)
      throw invalid(where, `capacity must be at least the length ${length}, got ${capacity}`);
    const texts = parts.readTexts(checked.texts);
    if (texts !== undefined && rows % texts.count !== 0)
      throw invalid(where, `rows must be a multiple of the ${texts.count} texts, got ${show(rows)}`);
    const best = checked.best === undefined ? undefined : checkBest(where, checked.best, vocabSize);
    return { texts, rows, length, capacity, best, padding };
  };
  return {
    rowStates,
    step: (shape) => graphs.of(sizesOf(shape)),
    inputs(shape, tokens) {
      const sizes = sizesOf(shape);
      const { rows, length, capacity } = sizes;
      const checked = present(where, 'the tokens of a step', tokens, TOKENS, ['ids', 'position']);
      const { position, count = length } = checked;
      const starts = readStarts(where, sizes, checked);
      if (count > length) throw invalid(where, `count must be at most the length ${length}, got ${count}`);
      checkPlace(where, 'position and length', position + length, capacity);
      checkPlace(where, 'position and count', position + count, maxLength);
      const at = { position, length, count, starts };
      return {
        [idsName]: readIds({ where, name: 'ids' }, checked.ids, [rows, length], vocabSize),
        ...placeInputs(at),
        ...parts.inputs?.(sizes, at),
      };
    },
  };
}

/** The places of rows that begin behind padding. */
function readStarts(
  where: string,
  { rows, padding, capacity }: Pick<StepSizes<unknown>, 'rows' | 'padding' | 'capacity'>,
  { starts }: StepTokens,
): Int32Array | undefined {
  if (padding !== (starts !== undefined)) {
    const expected = padding ? 'there for rows with padding' : 'absent for rows without padding';
    throw invalid(where, `starts must be ${expected}, got ${show(starts)}`);
  }
  if (starts === undefined) return undefined;
  const { data } = readIds({ where, name: 'starts' }, starts, [rows], capacity);
  return Int32Array.from(data, Number);
}

/** Checks what a step is told of texts. Errors: `INVALID_ARGUMENT`. */
export function checkTexts(where: string, texts: EncodedTexts | undefined): EncodedTexts {
  const { count, length, padding } = present(where, 'texts', texts as EncodedTexts, TEXTS, [
    'count',
    'length',
    'padding',
  ]);
  return { count, length, padding };
}

function checkBest(where: string, best: BestShape, words: number): BestShape {
  const { count, sums } = present(where, 'best', best, BEST, ['count', 'sums']);
  if (count <= words) return { count, sums };
  throw invalid(where, `count of best must be at most ${words}, got ${show(count)}`);
}

/** Checks an object with fields that must be there. */
function present<T extends object>(
  where: string,
  name: string,
  value: T,
  kinds: OptionKinds<T>,
  required: readonly (keyof T & string)[],
): T {
  const checked = checkOptions(where, value, kinds, { name });
  const missing = required.find((key) => checked[key] === undefined);
  if (missing === undefined) return checked;
  throw invalid(where, `${name} must have ${missing}, got ${show(value)}`);
}

function checkPlace(where: string, names: string, sum: number, most: number): void {
  if (sum > most) throw invalid(where, `${names} must be at most ${most} together, got ${sum}`);
}

function invalid(where: string, message: string): AttnError {
  return new AttnError('INVALID_ARGUMENT', where, message);
}
