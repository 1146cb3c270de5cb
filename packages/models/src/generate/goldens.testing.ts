/** Goldens of generation: what transformers chose, step by step, and how its options read as a plan. */
import type { Tensor } from '@attn/core';
import { goldenCases, tensorsOf, type GoldenCase } from '../testing/golden-sets.testing.ts';
import { ENDED, type Decoder } from './decoder.ts';
import type { SearchPlan } from './search.ts';

/** The options of a case, as its manifest has them. */
interface CaseOptions {
  readonly num_beams: number;
  readonly length_penalty: number;
  readonly early_stopping: boolean | 'never';
  readonly decoder_start_token_id: number;
  readonly eos: readonly number[];
  readonly pad: number;
  readonly max_length: number;
  readonly min_length?: number;
  readonly num_return_sequences?: number;
  readonly no_repeat_ngram_size?: number;
  readonly repetition_penalty?: number;
  readonly forced_bos_token_id?: number;
  readonly forced_eos_token_id?: number;
}

/** What stands for -Infinity in the files. */
const MASKED = -1e30;

/** A golden of generation. */
export interface SearchGolden {
  readonly id: string;
  readonly options: CaseOptions;
  readonly plan: SearchPlan;
  readonly prompts: readonly (readonly number[])[];
  /** Rows of tokens with the prompt; what a row does not fill has the padding id. */
  readonly sequences: readonly (readonly number[])[];
  readonly scores: readonly number[] | undefined;
  readonly sources: readonly (readonly number[])[] | undefined;
  /** The scores of a row at a step; undefined where the row had ended. */
  stepScores(step: number, row: number): Float32Array | undefined;
  readonly steps: number;
  readonly atol: number;
}

/** The cases of generation. */
export function searchCases(): readonly GoldenCase[] {
  return goldenCases('classic', 'led').filter(({ config }) => config.kind === 'generate');
}

/** Reads a case. */
export async function readSearchGolden(golden: GoldenCase): Promise<SearchGolden> {
  const tensors = await tensorsOf(golden);
  const tensor = (name: string): Tensor => {
    const match = tensors.get(name);
    if (match === undefined) throw new Error(`${golden.id} has no ${name}`);
    return match;
  };
  const options = golden.config.generate as unknown as CaseOptions;
  const ids = tensors.get('in.decoder_input_ids');
  const prompt = ids ? Array.from(ids.data).slice(0, ids.shape[1]) : [options.decoder_start_token_id];
  const [steps, rows, vocab] = tensor('out.step_scores').shape;
  const scores = tensor('out.step_scores').data as Float32Array;
  const live = tensor('aux.live').data;
  return {
    id: golden.id,
    options,
    plan: planOf(options, prompt.length),
    prompts: Array.from({ length: rows / options.num_beams }, () => prompt),
    sequences: rowsOf(tensor('out.sequences')),
    scores: tensors.has('out.sequences_scores') ? Array.from(tensor('out.sequences_scores').data) : undefined,
    sources: tensors.has('out.beam_indices') ? rowsOf(tensor('out.beam_indices')) : undefined,
    stepScores(step, row) {
      if (live[step * rows + row] === 0) return undefined;
      const at = (step * rows + row) * vocab;
      return scores.slice(at, at + vocab).map((score) => (score === Math.fround(MASKED) ? -Infinity : score));
    },
    steps,
    atol: golden.tolerance.atol,
  };
}

function planOf(options: CaseOptions, promptLength: number): SearchPlan {
  const { num_beams: beams, forced_eos_token_id: forcedEos } = options;
  return {
    choice:
      beams === 1
        ? { kind: 'greedy' }
        : {
            kind: 'beams',
            beams,
            lengthPenalty: options.length_penalty,
            earlyStopping: options.early_stopping,
          },
    returned: options.num_return_sequences ?? 1,
    rules: {
      repetitionPenalty: options.repetition_penalty ?? 1,
      noRepeatNgramSize: options.no_repeat_ngram_size ?? 0,
      badWords: [],
      minLength: options.min_length ?? 0,
      minNewTokens: 0,
      forcedBos: options.forced_bos_token_id,
      forcedEos: forcedEos === undefined ? [] : [forcedEos],
      suppressed: [],
      suppressedFirst: [],
      eos: options.eos,
    },
    span: { promptLength, maxLength: options.max_length },
  };
}

function rowsOf({ shape: [rows, length], data }: Tensor): readonly (readonly number[])[] {
  const all = Array.from(data);
  return Array.from({ length: rows }, (_, row) => all.slice(row * length, (row + 1) * length));
}

/**
 * A network that gives the logits from which a golden's scores came. The rules change them on the way, so
 * what they did is undone: a penalty by its inverse; a token that they forbade has an even part of the
 * probability that the others leave, or where scores are no probabilities, an arbitrary logit.
 */
export class ReplayedDecoder implements Decoder {
  readonly vocabSize: number;
  readonly backends = new Set<string>();
  /** The tokens of each row, as the search asked for them. */
  rows: readonly (readonly number[])[] = [];
  private readonly golden: SearchGolden;
  private current = -1;

  constructor(golden: SearchGolden) {
    this.golden = golden;
    this.vocabSize = golden.stepScores(0, 0)?.length ?? 0;
  }

  async start(prompts: readonly (readonly number[])[]): Promise<Float32Array> {
    this.rows = prompts;
    const { num_beams: beams } = this.golden.options;
    return this.logits(prompts.map((_, i) => i * beams));
  }

  async step(tokens: Int32Array, sources: Int32Array): Promise<Float32Array> {
    this.rows = Array.from(sources, (source, i) => [...this.rows[source], tokens[i]]);
    return this.logits(this.rows.map((_, i) => (tokens[i] === ENDED ? undefined : i)));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  private logits(goldenRows: readonly (number | undefined)[]): Float32Array {
    this.current += 1;
    const all = new Float32Array(goldenRows.length * this.vocabSize).fill(NaN);
    for (const [i, row] of goldenRows.entries()) {
      const scores = row === undefined ? undefined : this.golden.stepScores(this.current, row);
      if (scores === undefined) continue;
      all.set(
        this.golden.options.num_beams > 1 ? completed(scores) : this.unpenalised(scores, i),
        i * this.vocabSize,
      );
    }
    return all;
  }

  private unpenalised(scores: Float32Array, row: number): Float32Array {
    const { repetitionPenalty: penalty } = this.golden.plan.rules;
    const met = new Set(this.rows[row]);
    return scores.map((score, id) => {
      if (score === -Infinity) return 20;
      if (!met.has(id)) return score;
      return score < 0 ? score / penalty : score * penalty;
    });
  }
}

/** Log probabilities in which those of forbidden tokens are filled in. */
function completed(scores: Float32Array): Float32Array {
  const forbidden = scores.filter((score) => score === -Infinity).length;
  const rest = 1 - scores.reduce((sum, score) => sum + Math.exp(score), 0);
  const filling = Math.log(Math.max(rest, 1e-30) / Math.max(forbidden, 1));
  return scores.map((score) => (score === -Infinity ? filling : score));
}
