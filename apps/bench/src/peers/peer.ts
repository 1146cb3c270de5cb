/** The interface of other libraries that compute attention. */
import type { Problem } from '../inputs.ts';

/** The patterns that peers support. */
export type PeerPattern =
  | { readonly kind: 'dense' }
  | { readonly kind: 'causal' }
  | { readonly kind: 'window'; readonly before: number; readonly after: number };

/** A library that computes attention. */
export interface Peer {
  /** Prepares a call: sessions, layouts and uploads, which are not timed. Throws the library's own errors. */
  prepare(problem: Problem, pattern: PeerPattern): Promise<PeerCall>;
}

/** A prepared call. */
export interface PeerCall {
  /** Computes the result: [1, heads, n, headDim], or in the library's own order. */
  run(): Promise<Float32Array>;
  /** Converts a result from the library's own order, or reads it from where it lies; not timed. */
  inOrder?(result: Float32Array): Float32Array | Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** The error of a peer for a pattern that it does not support. */
export function lacks(peer: string, { kind }: PeerPattern): Error {
  return new Error(`${peer} has no ${kind} attention`);
}
