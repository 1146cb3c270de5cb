/**
 * Continues rows without a cache: each step computes the whole text so far. LSH attention has no exact cache,
 * because every new token may change which tokens share a chunk. Rows of similar length share a graph.
 */
import type { RunnableModel } from '../runnable-model.ts';
import { ENDED, type Decoder, type DecoderPlace } from './decoder.ts';
import { paddedRows } from './source-batch.ts';

/** The decoder of a model whose output `logits` is [B, T, vocabSize]. */
export class WholeTextDecoder implements Decoder {
  readonly vocabSize: number;
  readonly backends: Set<string> = new Set();
  private readonly runnable: RunnableModel;
  private readonly place: DecoderPlace;
  private rows: readonly (readonly number[])[] = [];
  private logits = new Float32Array(0);

  constructor(runnable: RunnableModel, place: DecoderPlace) {
    const { model } = runnable;
    this.runnable = runnable;
    this.vocabSize = model.vocabSize ?? 0;
    this.place = place;
  }

  async start(prompts: readonly (readonly number[])[]): Promise<Float32Array> {
    this.rows = prompts;
    return this.compute(() => true);
  }

  async step(tokens: Int32Array, sourceRows: Int32Array): Promise<Float32Array> {
    const { rows } = this;
    this.rows = Array.from(tokens, (token, i) => {
      const source = rows[sourceRows[i]];
      return token === ENDED ? source : [...source, token];
    });
    return this.compute((row) => tokens[row] !== ENDED);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rows = [];
  }

  private async compute(isLive: (row: number) => boolean): Promise<Float32Array> {
    const { rows, vocabSize } = this;
    const size = rows.length * vocabSize;
    if (this.logits.length !== size) this.logits = new Float32Array(size);
    for (const [row, ids] of rows.entries()) {
      if (isLive(row)) this.logits.set(await this.behind(ids), row * vocabSize);
    }
    return this.logits;
  }

  /** The logits behind a row. */
  private async behind(ids: readonly number[]): Promise<Float32Array> {
    const { model, graphs } = this.runnable;
    const { graph, inputs } = model.call(paddedRows(model, [ids]));
    const { outputs, backend } = await graphs.run(graph, inputs, this.place);
    this.backends.add(backend);
    const data = outputs.logits.data as Float32Array;
    return data.subarray((ids.length - 1) * this.vocabSize, ids.length * this.vocabSize);
  }
}
