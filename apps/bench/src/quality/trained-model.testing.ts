/**
 * A small BERT that is trained here, on sentences of topics: its weights are no random numbers, so that what
 * quantising them costs is like that of a real model. Its one layer attends evenly to all tokens, and learns
 * everything else: words, values, the feed-forward part and the transform of the decoder. Not published.
 */
import { f32, type JsonObject, type Tensor } from '@attn/core';
import { mulberry32 } from '@attn/core/backend';

const HIDDEN = 48;
const TOPICS = 14;
const WORDS_OF_A_TOPIC = 14;
const COMMON_WORDS = 16;
const FIRST_WORD = 2;

/** The id of the masked word. */
export const MASK = 1;
const VOCABULARY = FIRST_WORD + COMMON_WORDS + TOPICS * WORDS_OF_A_TOPIC;

/** A sentence of ids, one of which is masked. */
export interface MaskedSentence {
  readonly ids: readonly number[];
  readonly place: number;
  readonly word: number;
}

/** A stream of sentences: of each, two thirds are words of one topic, the first of them the most frequent. */
export function sentencesOf(seed: number): () => MaskedSentence {
  const draw = mulberry32(seed);
  const below = (limit: number): number => Math.floor((draw() / 2 ** 32) * limit);
  return () => {
    const topic = below(TOPICS);
    const place = 3 * below(4);
    const ids = Array.from({ length: 12 }, (_, i) => {
      if (i % 3 === 2) return FIRST_WORD + below(COMMON_WORDS);
      const rank = Math.min(WORDS_OF_A_TOPIC - 1, Math.floor(-2 * Math.log2((below(4095) + 1) / 4096)));
      return FIRST_WORD + COMMON_WORDS + topic * WORDS_OF_A_TOPIC + rank;
    });
    const word = ids[place];
    ids[place] = MASK;
    return { ids, place, word };
  };
}

type Row = Float64Array;

/** A matrix with a bias, and the sums of their gradients. */
class Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly weights: Row;
  readonly bias: Row;
  readonly #gradients: Row;
  readonly #biasGradients: Row;
  readonly #moments: readonly [Row, Row, Row, Row];

  constructor(rows: number, columns: number, draw: () => number) {
    this.rows = rows;
    this.columns = columns;
    const scale = 1 / Math.sqrt(columns);
    this.weights = Float64Array.from({ length: rows * columns }, () => (draw() / 2 ** 31 - 1) * scale);
    this.bias = new Float64Array(rows);
    this.#gradients = new Float64Array(rows * columns);
    this.#biasGradients = new Float64Array(rows);
    const zeros = [rows * columns, rows * columns, rows, rows].map((length) => new Float64Array(length));
    this.#moments = zeros as [Row, Row, Row, Row];
  }

  row(index: number): Row {
    return this.weights.subarray(index * this.columns, (index + 1) * this.columns);
  }

  times(x: Row): Row {
    return this.bias.map((bias, r) => this.row(r).reduce((sum, w, c) => sum + w * x[c], bias));
  }

  /** Adds the gradients of this product, and returns that of its operand. */
  back(x: Row, dy: Row): Row {
    const dx = new Float64Array(this.columns);
    for (let r = 0; r < this.rows; r++) {
      this.#biasGradients[r] += dy[r];
      for (let c = 0, at = r * this.columns; c < this.columns; c++, at++) {
        dx[c] += dy[r] * this.weights[at];
        this.#gradients[at] += dy[r] * x[c];
      }
    }
    return dx;
  }

  /** Adds the gradient of a row that was read as a word. */
  backRow(index: number, dy: Row, factor = 1): void {
    dy.forEach((value, c) => (this.#gradients[index * this.columns + c] += factor * value));
  }

  /** A step of Adam. Kingma & Ba 2014, https://arxiv.org/abs/1412.6980 */
  step(time: number, rate: number): void {
    const [m, v, biasM, biasV] = this.#moments;
    adam(this.weights, this.#gradients, m, v, time, rate);
    adam(this.bias, this.#biasGradients, biasM, biasV, time, rate);
  }
}

function adam(x: Row, gradient: Row, m: Row, v: Row, time: number, rate: number): void {
  for (let i = 0; i < x.length; i++) {
    m[i] = 0.9 * m[i] + 0.1 * gradient[i];
    v[i] = 0.999 * v[i] + 0.001 * gradient[i] ** 2;
    x[i] -= (rate * (m[i] / (1 - 0.9 ** time))) / (Math.sqrt(v[i] / (1 - 0.999 ** time)) + 1e-8);
    gradient[i] = 0;
  }
}

/** Layer norm with weights 1 and biases 0, and its gradient. */
function norm(x: Row): { readonly y: Row; readonly back: (dy: Row) => Row } {
  const mean = average(x);
  const centred = x.map((value) => value - mean);
  const scale = 1 / Math.sqrt(average(centred.map((value) => value ** 2)) + 1e-12);
  const y = centred.map((value) => value * scale);
  return {
    y,
    back(dy) {
      const [a, b] = [average(dy), average(dy.map((value, i) => value * y[i]))];
      return dy.map((value, i) => scale * (value - a - y[i] * b));
    },
  };
}

const average = (x: Row): number => x.reduce((a, b) => a + b, 0) / x.length;
const sum = (a: Row, b: Row): Row => a.map((value, i) => value + b[i]);
const relu = (x: Row): Row => x.map((value) => Math.max(0, value));
const reluBack = (x: Row, dy: Row): Row => dy.map((value, i) => (x[i] > 0 ? value : 0));

/** Trains the model on `steps` batches of 16 sentences: its config and its tensors. */
export function trainMaskedLm(steps: number): {
  readonly config: JsonObject;
  readonly tensors: ReadonlyMap<string, Tensor>;
} {
  const draw = mulberry32(1);
  const next = sentencesOf(2);
  const words = new Matrix(VOCABULARY, HIDDEN, draw);
  const [value, output, up, down, transform] = Array.from(
    { length: 5 },
    () => new Matrix(HIDDEN, HIDDEN, draw),
  );
  const matrices = [words, value, output, up, down, transform];
  for (let time = 1; time <= steps; time++) {
    for (let i = 0; i < 16; i++) learn(next());
    const rate = 0.01 * Math.min(1, (2 * (steps - time)) / steps);
    for (const matrix of matrices) matrix.step(time, rate);
  }
  return { config: CONFIG, tensors: tensorsOf(words, { value, output, up, down, transform }) };

  function learn({ ids, place, word }: MaskedSentence): void {
    const x = ids.map((id) => norm(words.row(id)));
    const mean = x[0].y.map((_, c) => x.reduce((total, { y }) => total + y[c], 0) / ids.length);
    const values = value.times(mean);
    const h = norm(sum(x[place].y, output.times(values)));
    const wide = up.times(h.y);
    const g = norm(sum(h.y, down.times(relu(wide))));
    const turned = transform.times(g.y);
    const t = norm(relu(turned));
    const logits = words.times(t.y);
    const most = Math.max(...logits);
    const weights = logits.map((logit) => Math.exp(logit - most));
    const total = weights.reduce((a, b) => a + b, 0);

    const dLogits = weights.map((weight, id) => weight / total - (id === word ? 1 : 0));
    const dt = reluBack(turned, t.back(words.back(t.y, dLogits)));
    const dg = g.back(transform.back(g.y, dt));
    const dWide = reluBack(wide, down.back(relu(wide), dg));
    const dh = h.back(sum(dg, up.back(h.y, dWide)));
    const dMean = value.back(mean, output.back(values, dh));
    ids.forEach((id, i) => {
      const dx = dMean.map((d, c) => d / ids.length + (i === place ? dh[c] : 0));
      words.backRow(id, x[i].back(dx));
    });
  }
}

const CONFIG: JsonObject = {
  architectures: ['BertForMaskedLM'],
  model_type: 'bert',
  vocab_size: VOCABULARY,
  hidden_size: HIDDEN,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: HIDDEN,
  hidden_act: 'relu',
  max_position_embeddings: 16,
  type_vocab_size: 1,
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
};

/** The tensors under the names of BERT. Queries and keys are 0, so that attention is even. */
function tensorsOf(
  words: Matrix,
  { value, output, up, down, transform }: Record<'value' | 'output' | 'up' | 'down' | 'transform', Matrix>,
): ReadonlyMap<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const put = (name: string, shape: readonly number[], data: Row): void =>
    void tensors.set(name, f32(shape, Float32Array.from(data)));
  const dense = (name: string, matrix: Matrix): void => {
    put(`${name}.weight`, [matrix.rows, matrix.columns], matrix.weights);
    put(`${name}.bias`, [matrix.rows], matrix.bias);
  };
  const layerNorm = (name: string): void => {
    put(`${name}.weight`, [HIDDEN], new Float64Array(HIDDEN).fill(1));
    put(`${name}.bias`, [HIDDEN], new Float64Array(HIDDEN));
  };
  const layer = 'bert.encoder.layer.0';
  put('bert.embeddings.word_embeddings.weight', [VOCABULARY, HIDDEN], words.weights);
  put('bert.embeddings.position_embeddings.weight', [16, HIDDEN], new Float64Array(16 * HIDDEN));
  put('bert.embeddings.token_type_embeddings.weight', [1, HIDDEN], new Float64Array(HIDDEN));
  layerNorm('bert.embeddings.LayerNorm');
  for (const name of ['query', 'key']) {
    put(`${layer}.attention.self.${name}.weight`, [HIDDEN, HIDDEN], new Float64Array(HIDDEN * HIDDEN));
    put(`${layer}.attention.self.${name}.bias`, [HIDDEN], new Float64Array(HIDDEN));
  }
  dense(`${layer}.attention.self.value`, value);
  dense(`${layer}.attention.output.dense`, output);
  layerNorm(`${layer}.attention.output.LayerNorm`);
  dense(`${layer}.intermediate.dense`, up);
  dense(`${layer}.output.dense`, down);
  layerNorm(`${layer}.output.LayerNorm`);
  dense('cls.predictions.transform.dense', transform);
  layerNorm('cls.predictions.transform.LayerNorm');
  put('cls.predictions.bias', [VOCABULARY], words.bias);
  return tensors;
}
