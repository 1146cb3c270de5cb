/** What the parent of a contest and its child processes say to each other. Everything is JSON. */
import type { JsonObject } from '@attn/core';

/**
 * Something to time: what it is, and on which problem. All of it is
 * data, so that another revision can run it too.
 */
export interface Candidate {
  /** How tables call it. */
  readonly name: string;
  /** Which file of `candidates/` runs it, and with which options. */
  readonly kind:
    | 'attention'
    | 'executable'
    | 'session'
    | 'linear'
    | 'lsh'
    | 'linformer'
    | 'model'
    | 'file'
    | 'matmul'
    | 'peer';
  readonly options: JsonObject;
  readonly problem: ProblemSpec;
}

/**
 * Sizes of q, k, v [1, heads, n, headDim], and who attends to whom;
 * for `linear`, rows × in × out; for `model`, n tokens.
 */
export interface ProblemSpec {
  readonly n: number;
  readonly heads?: number;
  /** Default: as many as heads. */
  readonly kvHeads?: number;
  readonly headDim?: number;
  /** A pattern's JSON. Default: full. */
  readonly pattern?: JsonObject;
  readonly in?: number;
  readonly out?: number;
  /** For `lsh`. */
  readonly lsh?: LshSpec;
  /** For `linformer`: to how many projected keys. */
  readonly k?: number;
}

/** LSH attention in chunks of 64, by the conventions of Hugging Face. */
export interface LshSpec {
  readonly rounds?: number;
  readonly causal?: boolean;
  /**
   * What is computed: attention (default), a layer with its two
   * projections, or the orders alone; `all` is attention and orders.
   */
  readonly part?: 'attention' | 'layer' | 'order' | 'all';
}

/** From the parent. */
export type Order =
  | { readonly type: 'prepare'; readonly candidate: Candidate }
  /** Runs once unless that takes long, then this many times in a row, and times the latter. */
  | { readonly type: 'run'; readonly times: number };

/** From a child: what it found out, or why it could not. */
export type Report =
  | { readonly type: 'prepared'; readonly error: number }
  | { readonly type: 'ran'; readonly ms: number }
  | { readonly type: 'failed'; readonly reason: string }
  | Memory;

/** Bytes that a run took at its worst, as the process saw it. Sent with every `ran`. */
export interface Memory {
  readonly type: 'memory';
  /**
   * Resident memory beyond what there was before the first run, at its greatest; the result is part of it.
   */
  readonly growth: number;
  /** Greatest resident memory of the process. */
  readonly peakRss: number;
}

/** What a kind of candidate does. */
export interface Contestant {
  /** Runs once; the result is thrown away. */
  run(onProgress?: () => void): Promise<unknown>;
  /** Greatest error of a run's result, after it was found right. Throws when it is wrong. */
  check(): Promise<number>;
  dispose(): Promise<void>;
}

/** Makes a contestant: what it prepares is not timed. */
export type MakeContestant = (candidate: Candidate) => Promise<Contestant>;
