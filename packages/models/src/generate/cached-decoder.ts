/**
 * Continues rows with a cache that stays where the backend computes. The text of an encoder and the prompt
 * are computed once, the prompt in pieces, and a step computes only the new token of each row. All steps of
 * one capacity share a graph.
 */
import { AttnError, i32, type BoundState, type Graph, type Tensor, type Tensors } from '@attn/core';
import { pieceLength, powerAbove } from '../cached/pieces.ts';
import { rowLength } from '../encode/batches.ts';
import type { BestShape, CachedDecoding, Model, StepShape, TokenBatch } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { ENDED, type Decoder, type DecoderPlace } from './decoder.ts';
import { areEnough, firstRow, readStep, type StepLogits } from './step-logits.ts';
import { paddedRow } from './whole-text-decoder.ts';

/** A text that an encoder reads. */
export interface SourceText {
  readonly ids: readonly number[];
  /** Positions of its global tokens. */
  readonly globalTokens: readonly number[];
}

/** What rows need room for. */
export interface DecoderRoom {
  /** How many rows there are from the first step on. */
  readonly rows: number;
  /** Most tokens of a row. */
  readonly maxLength: number;
  /** New tokens for which there is room at first. Where they are more, the room doubles. Default 64. */
  readonly firstCapacity?: number;
  /** Which logits are enough. Default: all. */
  readonly best?: BestShape | undefined;
}

/** Most tokens for which there is room at first: places that are not filled yet cost time. */
const MOST_AT_FIRST = 2048;

/** The decoder of a model with a cache: for one text that an encoder reads, or without it for prompts. */
export class CachedDecoder implements Decoder {
  readonly vocabSize: number;
  readonly backends: Set<string> = new Set();
  private readonly runnable: RunnableModel;
  private readonly cached: CachedDecoding;
  private readonly text: SourceText | undefined;
  private readonly place: DecoderPlace;
  private readonly room: CheckedRoom;
  private begun: Begun | undefined;

  /** Errors: `UNSUPPORTED` for a model that decodes without a cache. */
  constructor(runnable: RunnableModel, text: SourceText | undefined, room: DecoderRoom, place: DecoderPlace) {
    const { architecture, generation, vocabSize = 0 } = runnable.model;
    if (generation?.cached === undefined)
      throw new AttnError('UNSUPPORTED', 'models/generate', `${architecture} decodes without a cache`);
    this.runnable = runnable;
    this.cached = generation.cached;
    this.text = text;
    this.place = place;
    this.vocabSize = vocabSize;
    this.room = { ...room, firstCapacity: room.firstCapacity ?? 64 };
  }

  /**
   * A prompt is computed in a row of its own, which all its rows then begin with. One of a few tokens is
   * computed in as many rows as there will be, by the graph of the steps.
   */
  async start(prompts: readonly (readonly number[])[]): Promise<StepLogits> {
    const { runnable, cached, place, room } = this;
    const { graphs, model } = runnable;
    const [{ length }] = prompts;
    const piece = pieceLength(length);
    const rows = piece === 1 && prompts.length === 1 ? room.rows : prompts.length;
    const encoded = this.text && model.generation?.decoder?.encode(sourceRow(model, this.text));
    const most = Math.max(room.maxLength, piece * Math.ceil(length / piece));
    const capacity = firstCapacity(room, { length, piece, most });
    const shape = { texts: encoded?.texts, rows, capacity, best: room.best };
    const state = await graphs.createState(cached.step(shape), place);
    const begun = { state, shape, most, length: 0, ids: i32([rows, 1], new Int32Array(rows)) };
    this.begun = begun;
    if (encoded !== undefined) {
      const { backend } = await graphs.run(encoded.graph, encoded.inputs, { state, signal: place.signal });
      this.backends.add(backend);
    }
    let logits: StepLogits = new Float32Array(0);
    for (let from = 0; from < length; from += piece) {
      const ids = new Int32Array(rows * piece).fill(model.padTokenId);
      for (let row = 0; row < rows; row++)
        ids.set(prompts[row % prompts.length].slice(from, from + piece), row * piece);
      logits = await this.run(begun, i32([rows, piece], ids), Math.min(piece, length - from));
    }
    return rows === prompts.length ? logits : firstRow(logits, rows);
  }

  async step(tokens: Int32Array, sourceRows: Int32Array): Promise<StepLogits> {
    const { begun, cached } = this;
    if (begun === undefined) throw new AttnError('INTERNAL', 'models/generate', 'no row has begun');
    const rows = tokens.length;
    if (rows !== begun.shape.rows || sourceRows.some((source, row) => source !== row)) {
      await begun.state.reorder(sourceRows, cached.rowStates);
      begun.shape = { ...begun.shape, rows };
    }
    if (begun.ids.shape[0] !== rows) begun.ids = i32([rows, 1], new Int32Array(rows));
    const { padTokenId } = this.runnable.model;
    for (const [row, token] of tokens.entries()) begun.ids.data[row] = token === ENDED ? padTokenId : token;
    return this.run(begun, begun.ids, 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.begun?.state.dispose();
  }

  /** Adds tokens [rows, T] to the rows, of which `count` count. */
  private async run(begun: Begun, ids: Tensor<'i32'>, count: number): Promise<StepLogits> {
    const [rows, length] = ids.shape;
    const { state, length: position } = begun;
    await this.makeRoom(begun, position + length);
    const shape = { ...begun.shape, length };
    const inputs = this.cached.inputs(shape, { ids, position, count });
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

/** The room of a decoder, with defaults. */
type CheckedRoom = DecoderRoom & Required<Pick<DecoderRoom, 'firstCapacity'>>;

/** What there is from the prompt on. */
interface Begun {
  readonly state: BoundState;
  /** The shape of a step of one token. */
  shape: StepShape;
  /** Tokens of each row. */
  length: number;
  /** Most tokens for which room is made. */
  readonly most: number;
  /** The tokens of a step, [rows, 1]: the same memory for all. */
  ids: Tensor<'i32'>;
}

/** Tokens for which there is room at first. */
function firstCapacity(
  { firstCapacity: least, maxLength }: CheckedRoom,
  { length, piece, most }: { readonly length: number; readonly piece: number; readonly most: number },
): number {
  if (piece === 1) return Math.min(least, maxLength);
  return Math.max(piece, Math.min(powerAbove(length + least), most, MOST_AT_FIRST));
}

function shapeOf({ states, values }: Graph, name: string): readonly number[] {
  const id = states.get(name);
  if (id === undefined) throw new AttnError('INTERNAL', 'models/generate', `there is no state ${name}`);
  return values[id].shape;
}

/** A text as a batch of one row. */
function sourceRow(model: Model, { ids, globalTokens }: SourceText): TokenBatch {
  const batch = paddedRow(model, ids);
  if (!model.takesGlobalTokens) return batch;
  const mask = new Int32Array(rowLength(model, ids.length));
  for (const position of globalTokens) mask[position] = 1;
  return { ...batch, globalAttentionMask: i32([1, mask.length], mask) };
}
