/**
 * Continues rows with a cache that stays where the backend computes: texts are encoded once, and a step
 * computes only the new token of each row. All steps of one capacity share a graph, until half of the texts
 * have ended: then the others go on without them.
 */
import { AttnError, i32, type BoundState, type Graph, type Tensor, type Tensors } from '@attn/core';
import type { BestShape, CachedDecoding, EncodedTexts } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { ENDED, type Decoder, type DecoderPlace } from './decoder.ts';
import { sourceBatch, type SourceText } from './source-batch.ts';
import { areEnough, pickRows, readStep, type StepLogits } from './step-logits.ts';

/** What rows need room for. */
export interface DecoderRoom {
  /** How many rows each text has. */
  readonly rows: number;
  /** Most tokens of a row. */
  readonly maxLength: number;
  /** Tokens for which there is room at first. Where they are more, the room doubles. Default 64. */
  readonly firstCapacity?: number;
  /** Which logits are enough. Default: all. */
  readonly best?: BestShape | undefined;
}

/** The decoder of a model with an encoder, of a prompt for each text. A row goes on with rows of its text. */
export class CachedDecoder implements Decoder {
  readonly vocabSize: number;
  readonly backends: Set<string> = new Set();
  private readonly runnable: RunnableModel;
  private readonly cached: CachedDecoding;
  private readonly texts: readonly SourceText[];
  private readonly room: DecoderRoom;
  private readonly place: DecoderPlace;
  private readonly position: Tensor<'i32'> = i32([1], [0]);
  private begun: Begun | undefined;

  /** Errors: `UNSUPPORTED` for a model without such a decoder. */
  constructor(runnable: RunnableModel, texts: readonly SourceText[], room: DecoderRoom, place: DecoderPlace) {
    const { architecture, generation, vocabSize = 0 } = runnable.model;
    if (generation?.decoder === undefined)
      throw new AttnError('UNSUPPORTED', 'models/generate', `${architecture} has no decoder`);
    this.runnable = runnable;
    this.cached = generation.decoder.cached;
    this.texts = texts;
    this.room = room;
    this.place = place;
    this.vocabSize = vocabSize;
  }

  /** All rows see their prompt from the beginning, so that there is one graph. */
  async start(prompts: readonly (readonly number[])[]): Promise<StepLogits> {
    const { room, place } = this;
    const { graphs, model } = this.runnable;
    const { graph, inputs, texts } = this.cached.encode(sourceBatch(model, this.texts));
    const capacity = Math.min(room.firstCapacity ?? 64, room.maxLength);
    const step = this.stepOf(texts, capacity, room.best);
    const state = await graphs.createState(step, place);
    const members = this.texts.map((_, text) => text);
    const ids = i32([members.length * room.rows, 1], new Int32Array(members.length * room.rows));
    const begun: Begun = { state, texts, members, capacity, step, ids, isAtPrompt: true, length: 0 };
    this.begun = begun;
    const { backend } = await graphs.run(graph, inputs, { state, signal: place.signal });
    this.backends.add(backend);
    let logits: StepLogits = new Float32Array(0);
    for (let at = 0; at < prompts[0].length; at++) {
      for (let row = 0; row < ids.data.length; row++)
        ids.data[row] = prompts[Math.floor(row / room.rows)][at];
      logits = await this.run(begun);
    }
    const firsts = members.map((text) => text * room.rows);
    return pickRows(logits, ids.data.length, firsts);
  }

  async step(tokens: Int32Array, sourceRows: Int32Array): Promise<StepLogits> {
    const { begun } = this;
    if (begun === undefined) throw new AttnError('INTERNAL', 'models/generate', 'no row has begun');
    // Behind the prompt, all rows of a text are the same.
    await this.follow(begun, tokens, begun.isAtPrompt ? tokens.map((_, row) => row) : sourceRows);
    begun.isAtPrompt = false;
    const { padTokenId } = this.runnable.model;
    const { ids, members } = begun;
    for (const [at, row] of this.rowsOf(members).entries())
      ids.data[at] = tokens[row] === ENDED ? padTokenId : tokens[row];
    const logits = await this.run(begun);
    if (members.length === this.texts.length) return logits;
    const places = Array.from(tokens, (_, row) => Math.max(0, this.placeOf(row, members)));
    return pickRows(logits, ids.data.length, places);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.begun?.state.dispose();
  }

  /** Lets rows go on with what others have seen. If half of the texts have ended, they leave the state. */
  private async follow(begun: Begun, tokens: Int32Array, sourceRows: Int32Array): Promise<void> {
    const { members, state, texts } = begun;
    const { rowStates } = this.cached;
    const live = members.filter((text) => this.rowsOf([text]).some((row) => tokens[row] !== ENDED));
    const isHalf = live.length > 0 && 2 * live.length <= members.length;
    const places = this.rowsOf(isHalf ? live : members).map((row) => this.placeOf(sourceRows[row], members));
    if (isHalf || places.some((source, place) => source !== place)) await state.reorder(places, rowStates);
    if (!isHalf) return;
    const ofTexts = Object.keys(state.specs).filter((name) => !rowStates.includes(name));
    const textPlaces = live.map((text) => members.indexOf(text));
    await state.reorder(textPlaces, ofTexts);
    begun.members = live;
    begun.texts = { ...texts, count: live.length };
    begun.ids = i32([places.length, 1], new Int32Array(places.length));
    begun.step = this.stepOf(begun.texts, begun.capacity, this.room.best);
  }

  /** The rows of texts. */
  private rowsOf(texts: readonly number[]): readonly number[] {
    const { rows } = this.room;
    return texts.flatMap((text) => Array.from({ length: rows }, (_, row) => text * rows + row));
  }

  /** Where a row is in the state; negative where its text has left. */
  private placeOf(row: number, members: readonly number[]): number {
    const { rows } = this.room;
    return members.indexOf(Math.floor(row / rows)) * rows + (row % rows);
  }

  /** Adds a token to each row. */
  private async run(begun: Begun): Promise<StepLogits> {
    if (begun.length === begun.capacity) await this.grow(begun);
    this.position.data[0] = begun.length;
    let logits = readStep(await this.compute(begun, begun.step));
    if (!areEnough(logits, begun.ids.data.length)) {
      // A step writes the same into the cache, whichever logits it gives.
      const whole = this.stepOf(begun.texts, begun.capacity, undefined);
      logits = readStep(await this.compute(begun, whole));
    }
    begun.length += 1;
    return logits;
  }

  private async compute({ state, ids }: Begun, step: Graph): Promise<Tensors> {
    const inputs = { decoder_input_ids: ids, position: this.position };
    const { outputs } = await this.runnable.graphs.run(step, inputs, { state, signal: this.place.signal });
    return outputs;
  }

  private async grow(begun: Begun): Promise<void> {
    begun.capacity = Math.min(2 * begun.capacity, this.room.maxLength);
    for (const name of this.cached.rowStates)
      await begun.state.resize(name, begun.state.specs[name].shape.with(2, begun.capacity));
    begun.step = this.stepOf(begun.texts, begun.capacity, this.room.best);
  }

  private stepOf(texts: EncodedTexts, capacity: number, best: BestShape | undefined): Graph {
    return this.cached.step({ texts, rows: texts.count * this.room.rows, capacity, best });
  }
}

/** What there is from the prompt on. */
interface Begun {
  readonly state: BoundState;
  /** The texts in the state, and which of the decoder's they are. */
  texts: EncodedTexts;
  members: readonly number[];
  capacity: number;
  step: Graph;
  /** The tokens of a step: the same memory for all steps of these texts. */
  ids: Tensor<'i32'>;
  isAtPrompt: boolean;
  /** Tokens of each row. */
  length: number;
}
