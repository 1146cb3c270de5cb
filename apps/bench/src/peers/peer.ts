/** Another library that computes attention, as the bench sees it. */
import type { Problem } from '../inputs.ts';

/** Who attends to whom, as far as peers know. */
export type PeerPattern =
  | { readonly kind: 'dense' }
  | { readonly kind: 'causal' }
  | { readonly kind: 'window'; readonly before: number; readonly after: number };

/** A library. */
export interface Peer {
  /** Prepares a call: sessions, layouts and uploads, which are not timed. Throws what the library throws. */
  prepare(problem: Problem, pattern: PeerPattern): Promise<PeerCall>;
}

/** A call that is ready. */
export interface PeerCall {
  /** Computes it: [1, heads, n, headDim], or in the library's own order. */
  run(): Promise<Float32Array>;
  /** Brings a result of the library's own order into ours; not timed. */
  inOrder?(result: Float32Array): Float32Array;
  dispose(): Promise<void>;
}

/** What a peer says of a pattern that it does not have. */
export function lacks(peer: string, { kind }: PeerPattern): Error {
  return new Error(`${peer} has no ${kind} attention`);
}
