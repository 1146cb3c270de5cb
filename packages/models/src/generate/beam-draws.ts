/**
 * Draws continuations of beams, as transformers does: of all rows of a prompt together, by the sums of
 * their log probabilities, none twice.
 */
import { likeliest } from './log-softmax.ts';
import { placeAt, Sampler, uniform, type Draws } from './sampling.ts';
import type { StepScores } from './search.ts';

/** What draws of beams are made for. */
export interface BeamDrawsSize {
  readonly beams: number;
  readonly vocab: number;
  /** Continuations that are drawn in a step. */
  readonly count: number;
}

/** Draws for one prompt. It keeps its memory from step to step. */
export class BeamDraws {
  /** Sums of what was drawn, in the order of the draws, and the ids `row * vocab + token`. */
  readonly values: Float32Array;
  readonly ids: Int32Array;
  readonly size: number;
  private readonly vocab: number;
  private readonly sampler: Sampler;
  private readonly random: () => number;
  /** The sums and the weights of all continuations. A sum is NaN where its continuation was drawn. */
  private readonly sums: Float32Array;
  private readonly weights: Float64Array;

  constructor(draws: Draws, { beams, vocab, count }: BeamDrawsSize) {
    this.values = new Float32Array(count);
    this.ids = new Int32Array(count);
    this.size = count;
    this.vocab = vocab;
    // Temperature, top-k and top-p leave as many tokens of a row as are looked at for each beam.
    this.sampler = new Sampler(draws, vocab, Math.ceil(count / beams));
    this.random = uniform(draws.seed);
    this.sums = new Float32Array(beams * vocab);
    this.weights = new Float64Array(beams * vocab);
  }

  /** Draws from the scores of the rows from `first` on, whose sums so far are `running`. */
  draw(running: Float32Array, scores: StepScores, first: number): void {
    const [width, sums, weights] = this.weigh(running, scores, first);
    for (let i = 0; i < this.size; i++) {
      // Where fewer than are needed can be drawn at all, the best of the others follow.
      const chance = placeAt(weights, this.random());
      const place = chance < 0 ? likeliest(sums) : chance;
      const row = Math.floor(place / width);
      this.values[i] = sums[place];
      this.ids[i] = row * this.vocab + scores.tokenAt(first + row, place % width);
      sums[place] = NaN;
      weights[place] = 0;
    }
  }

  /** The sums and the weights of all continuations, so many of each row. */
  private weigh(
    running: Float32Array,
    scores: StepScores,
    first: number,
  ): readonly [width: number, sums: Float32Array, weights: Float64Array] {
    const width = scores.rows[first].length;
    const sums = this.sums.subarray(0, running.length * width);
    const weights = this.weights.subarray(0, sums.length);
    for (let beam = 0; beam < running.length; beam++) {
      const row = scores.rows[first + beam];
      this.sampler.warp(row);
      for (let place = 0; place < width; place++) sums[beam * width + place] = row[place] + running[beam];
    }
    const most = sums[likeliest(sums)];
    for (let place = 0; place < sums.length; place++)
      weights[place] = most === -Infinity ? 0 : Math.exp(sums[place] - most);
    return [width, sums, weights];
  }
}
