/** Messages between the parent of a contest and its child processes. Everything is JSON. */
import type { ActivationForm, IntegerMatrix, JsonObject } from '@attn/core';

/**
 * Something that a contest times, and the problem that it computes.
 * It is plain data, so that another revision can run it too.
 */
export interface Subject {
  /** Name in tables. */
  readonly name: string;
  /** The file of `subjects/` that runs it. */
  readonly kind:
    | 'attention'
    | 'executable'
    | 'session'
    | 'linear'
    | 'layer'
    | 'lsh'
    | 'linformer'
    | 'model'
    | 'exported'
    | 'pytorch'
    | 'file'
    | 'matmul'
    | 'peer';
  readonly options: JsonObject;
  readonly problem: ProblemSpec;
}

/**
 * Sizes of q, k, v [1, heads, n, headDim], and the pattern; for
 * `linear`, rows × in × out; for `model`, n tokens.
 */
export interface ProblemSpec {
  readonly n: number;
  readonly heads?: number;
  /** Default: as many as heads. */
  readonly kvHeads?: number;
  readonly headDim?: number;
  /** A pattern's JSON. Default: full. */
  readonly pattern?: JsonObject;
  /** A further input of `attention`, which changes logits or hides keys. Default: none. */
  readonly extra?: ExtraInput;
  readonly in?: number;
  readonly out?: number;
  /** How the weight of `linear` is quantised. Default: it is f32. */
  readonly codes?: CodesSpec;
  /** Options of `lsh`. */
  readonly lsh?: LshSpec;
  /** Number of projected keys of `linformer`. */
  readonly k?: number;
}

/**
 * A further input: a bias for all pairs and one for each distance, slopes of ALiBi, a mask of keys, or a
 * score that adds a table by distance, or by pair.
 */
export type ExtraInput =
  | 'bias'
  | 'relativeBias'
  | 'alibiSlopes'
  | 'keyMask'
  | 'score by distance'
  | 'score by pair';

/** A quantised weight, and how its inputs are multiplied. */
export interface CodesSpec {
  readonly bits: IntegerMatrix['bits'];
  /** Numbers that share a scale. Default: all of a row. */
  readonly block?: number;
  readonly inputs: ActivationForm;
}

/** LSH attention in chunks of 64, by the conventions of Hugging Face. */
export interface LshSpec {
  readonly rounds?: number;
  readonly causal?: boolean;
  /**
   * The part to compute: attention (default), a layer with its two
   * projections, or the orders alone; `all` is attention and orders.
   */
  readonly part?: 'attention' | 'layer' | 'order' | 'all';
}

/**
 * A message from the parent. Older revisions, with which contests compare, also call the subject `candidate`.
 */
export type Order =
  | { readonly type: 'prepare'; readonly candidate: Subject }
  /** Runs once, unless that takes long, and then this many times in a row, which are timed. */
  | { readonly type: 'run'; readonly times: number };

/** A message from a child: a result, or the reason why there is none. */
export type Report =
  | { readonly type: 'prepared'; readonly error: number }
  | { readonly type: 'ran'; readonly ms: number }
  | { readonly type: 'failed'; readonly reason: string }
  | Memory;

/** The most memory that a run took, in bytes. */
export interface Memory {
  readonly type: 'memory';
  /** Greatest growth of resident memory during the first run; the result is part of it. */
  readonly growth: number;
  /** Greatest resident memory of the process. */
  readonly peakRss: number;
}

/** A subject that is ready to run, in a child process. */
export interface PreparedSubject {
  /** Runs once; the result is discarded. */
  run(onProgress?: () => void): Promise<unknown>;
  /** Greatest error of a run's result. Throws when the result is wrong. */
  check(): Promise<number>;
  dispose(): Promise<void>;
}

/** Prepares a subject. Preparation is not timed. */
export type PrepareSubject = (subject: Subject) => Promise<PreparedSubject>;
