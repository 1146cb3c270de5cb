/**
 * Whether sessions read their weights where they are mapped. ONNX Runtime packs a copy of all weights for
 * each session, and there is a session for each shape of a batch: twenty shapes were twenty copies. A weight
 * that is not packed is in memory once, however many sessions and processes map its file. Each run packs it
 * again, block by block, which is soon little beside the products of many rows. A product of one row, as in a
 * step of a decoder, packs nothing.
 */
import type { Graph } from '@attn/core';
import { inputSpecs, sizeOf, type GraphNode, type NodeOf } from '@attn/core/backend';
import type { Runtime } from './runtime.ts';

/** Products of fewer rows, but for one, are clearly slower where weights are not packed before the run. */
const MANY_ROWS = 32;

/** Sessions that may have packed copies at one time: who has one length or two gets the fastest products. */
const PACKED_SESSIONS = 2;

/** What decides where weights stay, beside the graph. */
interface Circumstances extends Pick<Runtime, 'readsRowsInPlace'> {
  readonly openSessions: number;
  /** Whether weights of many rows stay in place beside any number of sessions. */
  readonly always: boolean;
}

/**
 * Whether a graph's weights should stay as they are in their files. Not for products of a few rows, and not
 * for those with codes, which ONNX Runtime computes well from packed codes only.
 */
export function keepsWeightsInPlace(
  graph: Graph,
  { readsRowsInPlace, openSessions, always }: Circumstances,
): boolean {
  let most = 0;
  for (const node of graph.nodes) {
    if (node.op === 'quantizedLinear') return false;
    if (isLinear(node)) most = Math.max(most, sizeOf(inputSpecs(graph, node).x.shape.slice(0, -1)));
  }
  if (most === 1 && readsRowsInPlace) return true;
  return most >= MANY_ROWS && (always || openSessions >= PACKED_SESSIONS);
}

function isLinear(node: GraphNode): node is NodeOf<'linear'> {
  return node.op === 'linear';
}

/**
 * Session options for weights in place. Such a session also keeps nothing for later runs, which each would
 * keep for itself: that costs as little, and is the larger part of the memory of long batches.
 */
export function inPlaceOptions(sessionOptions: Runtime['sessionOptions']): Runtime['sessionOptions'] {
  const { extra } = sessionOptions as { readonly extra?: { readonly session?: object } };
  const session = { disable_prepacking: '1', ...extra?.session };
  return {
    enableCpuMemArena: false,
    enableMemPattern: false,
    ...sessionOptions,
    extra: { ...extra, session },
  };
}
