/**
 * Continues rows with a cache that stays where the backend computes: the text is encoded once, and a step
 * computes only the new token of each row. All steps of one capacity share a graph.
 */
import { AttnError, i32, type BoundState, type Graph, type Tensor, type Tensors } from '@attn/core';
import { rowLength } from '../encode/batches.ts';
import type { BestShape, CachedDecoding, EncodedTexts, Model, TokenBatch } from '../model.ts';
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
  /** Tokens for which there is room at first. Where they are more, the room doubles. Default 64. */
  readonly firstCapacity?: number;
  /** Which logits are enough. Default: all. */
  readonly best?: BestShape | undefined;
}

/** The decoder of a model with an encoder, for one prompt. */
export class CachedDecoder implements Decoder {
  readonly vocabSize: number;
  readonly backends: Set<string> = new Set();
  private readonly runnable: RunnableModel;
  private readonly cached: CachedDecoding;
  private readonly text: SourceText;
  private readonly place: DecoderPlace;
  private readonly maxLength: number;
  private readonly firstCapacity: number;
  private readonly best: BestShape | undefined;
  /** The inputs of a step: the same memory for all. */
  private readonly ids: Tensor<'i32'>;
  private readonly position: Tensor<'i32'> = i32([1], [0]);
  private begun: Begun | undefined;

  /** Errors: `UNSUPPORTED` for a model without such a decoder. */
  constructor(runnable: RunnableModel, text: SourceText, room: DecoderRoom, place: DecoderPlace) {
    const { architecture, generation, vocabSize = 0 } = runnable.model;
    if (generation?.decoder === undefined)
      throw new AttnError('UNSUPPORTED', 'models/generate', `${architecture} has no decoder`);
    this.runnable = runnable;
    this.cached = generation.decoder.cached;
    this.text = text;
    this.place = place;
    this.vocabSize = vocabSize;
    this.maxLength = room.maxLength;
    this.firstCapacity = room.firstCapacity ?? 64;
    this.best = room.best;
    this.ids = i32([room.rows, 1], new Int32Array(room.rows));
  }

  /** All rows see the prompt from the beginning, so that there is one graph; the logits are of the first. */
  async start([prompt]: readonly (readonly number[])[]): Promise<StepLogits> {
    const { graphs, model } = this.runnable;
    const { graph, inputs, texts } = this.cached.encode(sourceRow(model, this.text));
    const capacity = Math.min(this.firstCapacity, this.maxLength);
    const step = this.stepOf(texts, capacity, this.best);
    const state = await graphs.createState(step, this.place);
    this.begun = { state, texts, capacity, step, length: 0 };
    const { backend } = await graphs.run(graph, inputs, { state, signal: this.place.signal });
    this.backends.add(backend);
    let logits: StepLogits = new Float32Array(0);
    for (const id of prompt) {
      this.ids.data.fill(id);
      logits = await this.run(this.begun);
    }
    return firstRow(logits, this.ids.data.length);
  }

  async step(tokens: Int32Array, sourceRows: Int32Array): Promise<StepLogits> {
    const { begun, cached } = this;
    if (begun === undefined) throw new AttnError('INTERNAL', 'models/generate', 'no row has begun');
    if (sourceRows.some((source, row) => source !== row))
      await begun.state.reorder(sourceRows, cached.rowStates);
    const { padTokenId } = this.runnable.model;
    for (const [row, token] of tokens.entries()) this.ids.data[row] = token === ENDED ? padTokenId : token;
    return this.run(begun);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.begun?.state.dispose();
  }

  /** Adds a token to each row. */
  private async run(begun: Begun): Promise<StepLogits> {
    if (begun.length === begun.capacity) await this.grow(begun);
    this.position.data[0] = begun.length;
    let logits = readStep(await this.compute(begun, begun.step));
    if (!areEnough(logits, this.ids.data.length)) {
      // A step writes the same into the cache, whichever logits it gives.
      const whole = this.stepOf(begun.texts, begun.capacity, undefined);
      logits = readStep(await this.compute(begun, whole));
    }
    begun.length += 1;
    return logits;
  }

  private async compute({ state }: Begun, step: Graph): Promise<Tensors> {
    const inputs = { decoder_input_ids: this.ids, position: this.position };
    const { outputs } = await this.runnable.graphs.run(step, inputs, { state, signal: this.place.signal });
    return outputs;
  }

  private async grow(begun: Begun): Promise<void> {
    begun.capacity = Math.min(2 * begun.capacity, this.maxLength);
    for (const name of this.cached.rowStates)
      await begun.state.resize(name, begun.state.specs[name].shape.with(2, begun.capacity));
    begun.step = this.stepOf(begun.texts, begun.capacity, this.best);
  }

  private stepOf(texts: EncodedTexts, capacity: number, best: BestShape | undefined): Graph {
    const [rows] = this.ids.shape;
    return this.cached.step({ texts, rows, capacity, best });
  }
}

/** What there is from the prompt on. */
interface Begun {
  readonly state: BoundState;
  readonly texts: EncodedTexts;
  capacity: number;
  step: Graph;
  /** Tokens of each row. */
  length: number;
}

/** A text as a batch of one row. */
function sourceRow(model: Model, { ids, globalTokens }: SourceText): TokenBatch {
  const batch = paddedRow(model, ids);
  if (!model.takesGlobalTokens) return batch;
  const mask = new Int32Array(rowLength(model, ids.length));
  for (const position of globalTokens) mask[position] = 1;
  return { ...batch, globalAttentionMask: i32([1, mask.length], mask) };
}
