/**
 * Q, K and V of a text without a trained model, but such that attention finds something:
 * equal words and equal bytes resemble each other, near ones more than far ones.
 *
 * Every byte value and every word gets a fixed random code per head, drawn from mulberry32 with a seed
 * made of the head and the word. (A model would project one embedding per head; a random projection of
 * a random code is just another random code, so it is drawn directly.) The code of a token is the code
 * of its byte plus the code of its word. Queries and keys share the code, as Reformer's do (Kitaev et
 * al. 2020, §2); values have their own. The first half of each query and key is then turned by its
 * position (rotary embedding, Su et al. 2021), so that nearness counts there and content alone in the
 * other half. A token's logit with itself is about 12, with an unrelated one 0 ± 1.5.
 */
import { type Tensor } from '@attn/core';
import { mulberry32 } from '@attn/core/backend';

/** Sizes of the demo: 8 heads of 64 (BERT-base has 12 heads of 64). */
export const HEADS = 8;
export const HEAD_DIM = 64;

/** Number of rotary dimensions; dimensions 2i and 2i + 1 are rotated together. */
const ROTARY_DIMS = 32;

/**
 * Codes are uniform in ± this number: the variance of a code is 3/4, that
 * of a token 3/2, so a token's logit with itself is 64 · 1.5 / √64 = 12.
 */
const AMPLITUDE = 1.5;

/** q, k, v of shape [1, 8, n, 64]. */
export interface Embedded {
  readonly q: Tensor<'f32'>;
  readonly k: Tensor<'f32'>;
  readonly v: Tensor<'f32'>;
}

/**
 * Embeds the first `n` bytes. Equal bytes give equal tensors on every
 * machine, up to the last bit of sin and cos.
 */
export function embed(bytes: Uint8Array, n: number): Embedded {
  const words = wordOfEachByte(bytes.subarray(0, n));
  const rotary = rotaryTable(n);
  const q = new Float32Array(HEADS * n * HEAD_DIM);
  const k = new Float32Array(HEADS * n * HEAD_DIM);
  const v = new Float32Array(HEADS * n * HEAD_DIM);
  for (let head = 0; head < HEADS; head++) {
    const keyCodes = new Codes(2 * head);
    const valueCodes = new Codes(2 * head + 1);
    for (let position = 0; position < n; position++) {
      const at = (head * n + position) * HEAD_DIM;
      keyCodes.write(bytes[position], words[position], k, at);
      valueCodes.write(bytes[position], words[position], v, at);
      turn(k, at, rotary, position);
    }
  }
  q.set(k);
  const shape = [1, HEADS, n, HEAD_DIM];
  return {
    q: { dtype: 'f32', shape, data: q },
    k: { dtype: 'f32', shape, data: k },
    v: { dtype: 'f32', shape, data: v },
  };
}

/** Random codes of one head. Each is drawn when it is first needed. */
class Codes {
  readonly #stream: number;
  readonly #cache = new Map<number, Float32Array>();

  constructor(stream: number) {
    this.#stream = stream;
  }

  /** Writes the code of a token: its byte's plus its word's. */
  write(byte: number, word: number, out: Float32Array, at: number): void {
    const ofByte = this.#code(byte);
    const ofWord = this.#code(word);
    for (let i = 0; i < HEAD_DIM; i++) out[at + i] = ofByte[i] + ofWord[i];
  }

  /** The code of an id: uniform random numbers. */
  #code(id: number): Float32Array {
    let code = this.#cache.get(id);
    if (code === undefined) {
      const next = mulberry32(Math.imul(id + 1, 0x9e3779b1) ^ Math.imul(this.#stream + 1, 0x85ebca77));
      code = Float32Array.from({ length: HEAD_DIM }, () => (next() / 2 ** 31 - 1) * AMPLITUDE);
      this.#cache.set(id, code);
    }
    return code;
  }
}

/**
 * For each byte, a hash of its word (letters, in lower case); between
 * words, a hash of the byte. Never less than 256.
 */
export function wordOfEachByte(bytes: Uint8Array): Float64Array {
  const words = new Float64Array(bytes.length);
  for (let start = 0; start < bytes.length;) {
    let end = start;
    let hash = 0x811c9dc5; // FNV-1a
    while (end < bytes.length && isLetter(bytes[end]))
      hash = Math.imul(hash ^ (bytes[end++] | 0x20), 0x01000193);
    if (end === start) hash = bytes[end++];
    words.fill(256 + (hash >>> 0), start, end);
    start = end;
  }
  return words;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || byte >= 0x80;
}

/** Table [n, 16, 2] of the cosine and sine of position / 10000^(i/16). */
function rotaryTable(n: number): Float32Array {
  const pairs = ROTARY_DIMS / 2;
  const table = new Float32Array(n * ROTARY_DIMS);
  for (let i = 0; i < pairs; i++) {
    const frequency = 10_000 ** (-i / pairs);
    for (let position = 0; position < n; position++) {
      table[position * ROTARY_DIMS + 2 * i] = Math.cos(position * frequency);
      table[position * ROTARY_DIMS + 2 * i + 1] = Math.sin(position * frequency);
    }
  }
  return table;
}

function turn(data: Float32Array, at: number, table: Float32Array, position: number): void {
  const from = position * ROTARY_DIMS;
  for (let i = 0; i < ROTARY_DIMS; i += 2) {
    const cos = table[from + i];
    const sin = table[from + i + 1];
    const x = data[at + i];
    const y = data[at + i + 1];
    data[at + i] = x * cos - y * sin;
    data[at + i + 1] = x * sin + y * cos;
  }
}
