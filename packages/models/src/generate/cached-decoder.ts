/**
 * Continues rows with a cache that stays where the backend computes. The texts of an encoder and the prompts
 * are computed once, prompts in pieces, and a step computes only the new token of each row. All steps of one
 * capacity share a graph, until half of the inputs have ended: then the others go on without them.
 */
import { AttnError, i32, type BoundState, type Graph, type Tensor, type Tensors } from '@attn/core';
import { pieceLength } from '../cached/pieces.ts';
import type { BestShape, CachedDecoding, StepShape } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { ENDED, type Decoder, type DecoderPlace } from './decoder.ts';
import { firstRoom, mostRoom } from './decoder-room.ts';
import { sourceBatch, type SourceText } from './source-batch.ts';
import { areEnough, pickRows, readStep, type StepLogits } from './step-logits.ts';

/** What rows need room for. */
export interface DecoderRoom {
  /** How many rows each input has from the first step on. */
  readonly rows: number;
  /** Most places of a row: its tokens, and as many before them as the longest prompt has tokens more. */
  readonly maxLength: number;
  /** New tokens for which there is room at first (`decoder-room.ts`). Where they are more, it doubles. */
  readonly firstCapacity?: number;
  /** Which logits are enough. Default: all. */
  readonly best?: BestShape | undefined;
}

/**
 * The decoder of a model with a cache: of a prompt for each text that an encoder reads, or of prompts alone.
 * A row goes on with rows of its input. Prompts of different lengths end at the same place: the shorter ones
 * begin behind padding, which no token sees.
 */
export class CachedDecoder implements Decoder {
  readonly vocabSize: number;
  readonly backends: Set<string> = new Set();
  private readonly runnable: RunnableModel;
  private readonly cached: CachedDecoding;
  private readonly texts: readonly SourceText[];
  private readonly place: DecoderPlace;
  private readonly room: DecoderRoom;
  private begun: Begun | undefined;

  /** `texts` are empty without an encoder. Errors: `UNSUPPORTED` for a model that decodes without a cache. */
  constructor(runnable: RunnableModel, texts: readonly SourceText[], room: DecoderRoom, place: DecoderPlace) {
    const { architecture, generation, vocabSize = 0 } = runnable.model;
    if (generation?.cached === undefined)
      throw new AttnError('UNSUPPORTED', 'models/generate', `${architecture} decodes without a cache`);
    this.runnable = runnable;
    this.cached = generation.cached;
    this.texts = texts;
    this.place = place;
    this.vocabSize = vocabSize;
    this.room = room;
  }

  /**
   * A prompt is computed in a row of its own, which all rows of its input then begin with. One of a few
   * tokens is computed in as many rows as there will be, by the graph of the steps.
   */
  async start(prompts: readonly (readonly number[])[]): Promise<StepLogits> {
    const { runnable, cached, place, room, texts } = this;
    const { graphs, model } = runnable;
    const length = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0);
    const starts = prompts.map((prompt) => length - prompt.length);
    const piece = pieceLength(length);
    const perInput = piece === 1 ? room.rows : 1;
    const rows = prompts.length * perInput;
    const encoded =
      texts.length > 0 ? model.generation?.decoder?.encode(sourceBatch(model, texts)) : undefined;
    const needs = { length, piece, maxLength: room.maxLength, firstCapacity: room.firstCapacity };
    const most = mostRoom(needs);
    const padding = starts.some((start) => start > 0);
    const sizes = { texts: encoded?.texts, rows, best: room.best, ...(padding && { padding }) };
    const allRows = prompts.length * room.rows;
    const stepWith = (capacity: number): Graph => cached.step({ ...sizes, rows: allRows, capacity });
    const shape = { ...sizes, capacity: firstRoom(needs, stepWith, cached.rowStates) };
    const state = await graphs.createState(cached.step(shape), place);
    const inputs = prompts.map((_, input) => input);
    const ids = i32([rows, 1], new Int32Array(rows));
    const begun: Begun = {
      state,
      shape,
      count: inputs.length,
      inputs,
      starts,
      perInput,
      isAtPrompt: true,
      most,
      length: 0,
      ids,
    };
    this.begun = begun;
    if (encoded !== undefined) {
      const { backend } = await graphs.run(encoded.graph, encoded.inputs, { state, signal: place.signal });
      this.backends.add(backend);
    }
    let logits: StepLogits = new Float32Array(0);
    const padded = prompts.map((prompt, input) => [
      ...new Array<number>(starts[input]).fill(model.padTokenId),
      ...prompt,
    ]);
    for (let from = 0; from < length; from += piece) {
      const tokens = new Int32Array(rows * piece).fill(model.padTokenId);
      for (let row = 0; row < rows; row++)
        tokens.set(padded[Math.floor(row / perInput)].slice(from, from + piece), row * piece);
      logits = await this.run(begun, i32([rows, piece], tokens), Math.min(piece, length - from));
    }
    const firsts = inputs.map((input) => input * perInput);
    return perInput === 1 ? logits : pickRows(logits, rows, firsts);
  }

  async step(tokens: Int32Array, sourceRows: Int32Array): Promise<StepLogits> {
    const { begun } = this;
    if (begun === undefined) throw new AttnError('INTERNAL', 'models/generate', 'no row has begun');
    await this.follow(begun, tokens, sourceRows);
    const { padTokenId } = this.runnable.model;
    const { ids, inputs } = begun;
    for (const [at, row] of this.rowsOf(inputs).entries())
      ids.data[at] = tokens[row] === ENDED ? padTokenId : tokens[row];
    const logits = await this.run(begun, ids, 1);
    if (inputs.length === begun.count) return logits;
    const places = Array.from(tokens, (_, row) => Math.max(0, placeOf(row, begun)));
    return pickRows(logits, ids.data.length, places);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.begun?.state.dispose();
  }

  /** Lets rows go on with what others have seen. If half of the inputs have ended, they leave the state. */
  private async follow(begun: Begun, tokens: Int32Array, sourceRows: Int32Array): Promise<void> {
    const { inputs, state, shape, isAtPrompt, perInput } = begun;
    const { room, cached } = this;
    const live = inputs.filter((input) => this.rowsOf([input]).some((row) => tokens[row] !== ENDED));
    const isHalf = live.length > 0 && 2 * live.length <= inputs.length;
    // Behind a prompt that was computed in all rows of its input, these are the same.
    const isSame = isAtPrompt && perInput === room.rows;
    const places = this.rowsOf(isHalf ? live : inputs).map((row) =>
      placeOf(isSame ? row : sourceRows[row], begun),
    );
    if (places.length !== shape.rows || places.some((source, place) => source !== place))
      await state.reorder(places, cached.rowStates);
    begun.perInput = room.rows;
    begun.isAtPrompt = false;
    begun.shape = { ...shape, rows: places.length };
    if (isHalf) await this.leave(begun, live);
    if (begun.ids.data.length !== places.length)
      begun.ids = i32([places.length, 1], new Int32Array(places.length));
  }

  /** Lets the texts of all inputs but these leave the state. */
  private async leave(begun: Begun, live: readonly number[]): Promise<void> {
    const { inputs, state, shape } = begun;
    begun.inputs = live;
    if (shape.texts === undefined) return;
    const ofTexts = Object.keys(state.specs).filter((name) => !this.cached.rowStates.includes(name));
    await state.reorder(
      live.map((input) => inputs.indexOf(input)),
      ofTexts,
    );
    begun.shape = { ...begun.shape, texts: { ...shape.texts, count: live.length } };
  }

  /** The rows of inputs. */
  private rowsOf(inputs: readonly number[]): readonly number[] {
    const { rows } = this.room;
    return inputs.flatMap((input) => Array.from({ length: rows }, (_, row) => input * rows + row));
  }

  /** Adds tokens [rows, T] to the rows, of which `count` count. */
  private async run(begun: Begun, ids: Tensor<'i32'>, count: number): Promise<StepLogits> {
    const [rows, length] = ids.shape;
    const { state, length: position } = begun;
    await this.makeRoom(begun, position + length);
    const shape = { ...begun.shape, length };
    const starts = shape.padding === true && { starts: startsOf(begun) };
    const inputs = this.cached.inputs(shape, { ids, position, count, ...starts });
    let logits = await this.compute(state, shape, inputs);
    // A step writes the same into the cache, whichever logits it gives.
    if (!areEnough(logits, rows)) logits = await this.compute(state, { ...shape, best: undefined }, inputs);
    begun.length += count;
    return logits;
  }

  private async compute(state: BoundState, shape: StepShape, inputs: Tensors): Promise<StepLogits> {
    const { runnable, cached, place } = this;
    const options = { state, signal: place.signal };
    const { outputs, backend } = await runnable.graphs.run(cached.step(shape), inputs, options);
    this.backends.add(backend);
    return readStep(outputs);
  }

  /** Makes room for so many tokens. */
  private async makeRoom(begun: Begun, needed: number): Promise<void> {
    const { shape, state, most } = begun;
    if (needed <= shape.capacity) return;
    const capacity = Math.max(needed, Math.min(2 * shape.capacity, most));
    begun.shape = { ...shape, capacity };
    const step = this.cached.step(begun.shape);
    for (const name of this.cached.rowStates) {
      const larger = shapeOf(step, name);
      if (larger.join() !== state.specs[name].shape.join()) await state.resize(name, larger);
    }
  }
}

/** What there is from the prompt on. */
interface Begun {
  readonly state: BoundState;
  /** The shape of a step of one token. */
  shape: StepShape;
  /** How many inputs there were, and those that are in the state. */
  readonly count: number;
  inputs: readonly number[];
  /** The place of the first token of each input. */
  readonly starts: readonly number[];
  /** Rows of an input in the state. */
  perInput: number;
  isAtPrompt: boolean;
  /** Places that each row has taken. */
  length: number;
  /** Most places for which room is made. */
  readonly most: number;
  /** The tokens of a step, [rows, 1]: the same memory for all steps of these rows. */
  ids: Tensor<'i32'>;
}

/** Where a row is in the state; negative where its input has left. */
function placeOf(row: number, { inputs, perInput }: Begun): number {
  return inputs.indexOf(Math.floor(row / perInput)) * perInput + (row % perInput);
}

/** The place of the first token of each row that is in the state. */
function startsOf({ inputs, starts, perInput }: Begun): readonly number[] {
  return inputs.flatMap((input) => new Array<number>(perInput).fill(starts[input]));
}

function shapeOf({ states, values }: Graph, name: string): readonly number[] {
  const id = states.get(name);
  if (id === undefined) throw new AttnError('INTERNAL', 'models/generate', `there is no state ${name}`);
  return values[id].shape;
}
