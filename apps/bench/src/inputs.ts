/** Random q, k, v: uniform in [−1, 1), from a fixed seed. */
import { bool, f32, score, type Score, type Tensor } from '@attn/core';
import { mulberry32 } from '@attn/core/backend';
import type { ExtraInput } from './contest/protocol.ts';

/** An attention call's tensors and sizes. */
export interface Problem {
  readonly heads: number;
  readonly n: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly q: Tensor<'f32'>;
  readonly k: Tensor<'f32'>;
  readonly v: Tensor<'f32'>;
}

/** q of shape [1, heads, n, headDim], k and v of [1, kvHeads, n, headDim]. */
export function problem(heads: number, n: number, headDim: number, kvHeads: number = heads): Problem {
  const make = (count: number, seed: number): Tensor<'f32'> => {
    return { dtype: 'f32', shape: [1, count, n, headDim], data: uniform(count * n * headDim, seed) };
  };
  return { heads, kvHeads, n, headDim, q: make(heads, 1), k: make(kvHeads, 2), v: make(kvHeads, 3) };
}

/** How far relative biases reach. */
const RADIUS = 128;

/** One key of so many is hidden by a key mask. */
const HIDDEN_ONE_IN = 64;

/** Further inputs of a call by name, or a score and its tables. */
export interface ExtraInputs {
  readonly inputs?: Readonly<Record<string, Tensor>>;
  readonly score?: Score;
  readonly tables?: Readonly<Record<string, Tensor>>;
}

/** A further input of a call, by its name. */
export function extraInput(name: ExtraInput, heads: number, n: number): ExtraInputs {
  switch (name) {
    case 'bias':
      return { inputs: { bias: f32([n, n], uniform(n * n, 4)) } };
    case 'relativeBias': {
      const width = 2 * RADIUS + 1;
      return { inputs: { relativeBias: f32([heads, width], uniform(heads * width, 4)) } };
    }
    case 'alibiSlopes': {
      const slopes = Float32Array.from({ length: heads }, (_, head) => 2 ** ((-8 * (head + 1)) / heads));
      return { inputs: { alibiSlopes: f32([heads], slopes) } };
    }
    case 'keyMask': {
      const visible = Uint8Array.from({ length: n }, (_, key) => (key % HIDDEN_ONE_IN === 3 ? 0 : 1));
      return { inputs: { keyMask: bool([1, n], visible) } };
    }
    case 'score by distance': {
      const width = 2 * RADIUS + 1;
      return {
        score: score((s, { h, q, k, table }) => s.add(table('t').at(h, k.sub(q).add(RADIUS)))),
        tables: { t: f32([heads, width], uniform(heads * width, 4)) },
      };
    }
    case 'score by pair':
      return {
        score: score((s, { q, k, table }) => s.add(table('t').at(q, k))),
        tables: { t: f32([n, n], uniform(n * n, 4)) },
      };
    default:
      return name satisfies never;
  }
}

/** Uniform numbers in [−1, 1) that follow from a seed. */
export function uniform(length: number, seed: number): Float32Array {
  const next = mulberry32(seed);
  return Float32Array.from({ length }, () => next() / 2 ** 31 - 1);
}
