/**
 * The best labels of a text as a whole (Viterbi 1967, https://doi.org/10.1109/TIT.1967.1054010): those of the
 * greatest sum of log-probabilities among all sequences in which every span begins, goes on and ends as spans
 * do.
 */
import { AttnError, type Tensor } from '@attn/core';
import {
  aNumber,
  anything,
  checkOptions,
  checkTensor,
  contiguous,
  halfToFloat32,
  show,
  type OptionKinds,
} from '@attn/core/backend';
import type { Mask } from '../inputs/entries.ts';
import { readMask, type MaskValues } from '../inputs/integers.ts';
import { readLabelSet, type Label, type Tag } from './label-set.ts';

/**
 * What is added to the score of a sequence for each of its steps, by the kind of step. Together they move a
 * model from precision to recall. Each is 0 by default.
 */
export interface TransitionBiases {
  /** From O to O. */
  readonly backgroundStay?: number;
  /** From O to the begin of a span. */
  readonly backgroundToStart?: number;
  /** To a further token of a span, which is not its last. */
  readonly insideToContinue?: number;
  /** To the last token of a span. */
  readonly insideToEnd?: number;
  /** From the end of a span to O. */
  readonly endToBackground?: number;
  /** From the end of a span to the begin of the next. */
  readonly endToStart?: number;
}

/** Options of `viterbi`. */
export interface ViterbiOptions {
  /** Names of the labels, in the order of the logits: `O`, `B-private_person`, … */
  readonly labels: readonly string[];
  /** Default: zeros. `readCalibration` reads those of a checkpoint. */
  readonly biases?: TransitionBiases;
  /** [B, N]: 0 is padding, whose logits do not count. Default: all are tokens. */
  readonly attentionMask?: Mask;
}

/** The best sequences of labels. */
export interface ViterbiPaths {
  /** [B, N] or [N], as the logits: the label of each token, by its number, and −1 of padding. */
  readonly labels: Tensor<'i32'>;
  /** The score of each row. */
  readonly scores: readonly number[];
}

const WHERE = 'models/viterbi';

/** Kinds of biases. */
export const BIASES: OptionKinds<TransitionBiases> = {
  backgroundStay: aNumber,
  backgroundToStart: aNumber,
  insideToContinue: aNumber,
  insideToEnd: aNumber,
  endToBackground: aNumber,
  endToStart: aNumber,
};

const OPTIONS: OptionKinds<ViterbiOptions> = { labels: anything, biases: anything, attentionMask: anything };

const MASK: MaskValues = { most: 1, expected: '0 (padding) or 1 (a token)' };

/** The bias of each step that is possible: from a tag (row) to a tag. */
const STEPS: Readonly<Record<Tag, Readonly<Partial<Record<Tag, keyof TransitionBiases>>>>> = {
  O: { O: 'backgroundStay', B: 'backgroundToStart', S: 'backgroundToStart' },
  B: { I: 'insideToContinue', E: 'insideToEnd' },
  I: { I: 'insideToContinue', E: 'insideToEnd' },
  E: { O: 'endToBackground', B: 'endToStart', S: 'endToStart' },
  S: { O: 'endToBackground', B: 'endToStart', S: 'endToStart' },
};

/**
 * The best sequence of labels of each row, from the logits of a classifier of tokens, [B, N, labels] or
 * [N, labels]. A sequence begins and ends outside of spans or with a whole span; of equal ones the smaller
 * numbers win, from the end on. Scores are sums of log-softmaxes and biases, in float64. Errors:
 * `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`.
 *
 * @example
 * const { labels } = viterbi(logits, { labels: model.labels, attentionMask });
 * const spans = decodeSpans(labels, model.labels);
 */
export function viterbi(logits: Tensor, options: ViterbiOptions): ViterbiPaths {
  const checked = checkOptions(WHERE, options, OPTIONS);
  const labels = readLabelSet(WHERE, checked.labels);
  const biases = checkOptions(WHERE, checked.biases ?? {}, BIASES, { name: 'biases' });
  const { data, rows, length, shape } = readLogits(logits, labels.length);
  const mask =
    checked.attentionMask === undefined
      ? undefined
      : readMask({ where: WHERE, name: 'attentionMask' }, checked.attentionMask, shape, MASK);
  const steps = stepsOf(labels, biases);
  const best = new Int32Array(rows * length).fill(-1);
  const scores = Array.from({ length: rows }, (_, row) => {
    const places: number[] = [];
    for (let i = row * length; i < (row + 1) * length; i++) if (mask?.[i] !== 0) places.push(i);
    const { path, score } = bestPath(labels, steps, logProbabilities(data, places, labels.length));
    places.forEach((place, i) => (best[place] = path[i]));
    return score;
  });
  return { labels: { dtype: 'i32', shape, data: best }, scores };
}

function readLogits(
  logits: Tensor,
  count: number,
): {
  readonly data: ArrayLike<number>;
  readonly rows: number;
  readonly length: number;
  readonly shape: readonly number[];
} {
  checkTensor(logits, WHERE, 'logits');
  const { dtype, shape, data } = contiguous(logits);
  if (dtype !== 'f32' && dtype !== 'f16')
    throw new AttnError('INVALID_DTYPE', WHERE, `logits must be f32 or f16, got ${dtype}`);
  if ((shape.length !== 2 && shape.length !== 3) || shape.at(-1) !== count) {
    const message = `logits must be [N, labels = ${count}] or [B, N, ${count}], got ${show(shape)}`;
    throw new AttnError('INVALID_SHAPE', WHERE, message);
  }
  return {
    data: data instanceof Uint16Array ? halfToFloat32(data, new Float32Array(data.length)) : data,
    rows: shape.length === 3 ? shape[0] : 1,
    length: shape[shape.length - 2],
    shape: shape.slice(0, -1),
  };
}

/** The log-softmax of the tokens at these places, [places, count]. Errors: `INVALID_ARGUMENT` for NaN. */
function logProbabilities(data: ArrayLike<number>, places: readonly number[], count: number): Float64Array {
  const out = new Float64Array(places.length * count);
  places.forEach((place, i) => {
    let most = -Infinity;
    for (let label = 0; label < count; label++) most = Math.max(most, data[place * count + label]);
    if (!Number.isFinite(most)) {
      const message = `the logits of a token must have a finite maximum, got ${most} at token ${place}`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
    let sum = 0;
    for (let label = 0; label < count; label++) sum += Math.exp(data[place * count + label] - most);
    const total = most + Math.log(sum);
    for (let label = 0; label < count; label++) out[i * count + label] = data[place * count + label] - total;
  });
  return out;
}

/** A label before another, and the bias of that step. */
interface Step {
  readonly from: number;
  readonly bias: number;
}

/** The steps to each label, by the label before. */
function stepsOf(labels: readonly Label[], biases: TransitionBiases): readonly (readonly Step[])[] {
  return labels.map((to) =>
    labels.flatMap((from, number): Step[] => {
      const kind = STEPS[from.tag][to.tag];
      const staysInSpan = to.tag === 'I' || to.tag === 'E';
      if (kind === undefined || (staysInSpan && from.type !== to.type)) return [];
      return [{ from: number, bias: biases[kind] ?? 0 }];
    }),
  );
}

/** The path of the greatest score. Without tokens it is empty. */
function bestPath(
  labels: readonly Label[],
  steps: readonly (readonly Step[])[],
  emissions: Float64Array,
): { readonly path: Int32Array; readonly score: number } {
  const count = labels.length;
  const length = emissions.length / count;
  const path = new Int32Array(length);
  if (length === 0) return { path, score: 0 };
  let scores = Float64Array.from(labels, ({ tag }, label) =>
    tag === 'I' || tag === 'E' ? -Infinity : emissions[label],
  );
  const before = new Int32Array(length * count);
  for (let i = 1; i < length; i++) {
    const next = new Float64Array(count).fill(-Infinity);
    for (let label = 0; label < count; label++) {
      let best = -Infinity;
      for (const { from, bias } of steps[label]) {
        const score = scores[from] + bias;
        if (!(score > best)) continue;
        best = score;
        before[i * count + label] = from;
      }
      next[label] = best + emissions[i * count + label];
    }
    scores = next;
  }
  const ends = scores.map((score, label) => (/[BI]/.test(labels[label].tag) ? -Infinity : score));
  const score = ends.reduce((most, value) => Math.max(most, value), -Infinity);
  if (score === -Infinity)
    throw new AttnError(
      'INVALID_ARGUMENT',
      WHERE,
      'a label that is needed has a logit of -Infinity throughout',
    );
  path[length - 1] = ends.indexOf(score);
  for (let i = length - 1; i > 0; i--) path[i - 1] = before[i * count + path[i]];
  return { path, score };
}
