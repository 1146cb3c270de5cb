/** Other libraries, behind `peers/`. Preparing a call (sessions, layouts, uploads) is not timed. */
import { AttnError, f32, full, patternFromJson, type JsonObject } from '@attn/core';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';
import { problem } from '../inputs.ts';
import { checkRows } from '../oracle.ts';
import { peers } from '../peers/index.ts';
import type { PeerPattern } from '../peers/peer.ts';

/** Prepares the subject that `options.peer` names. */
export async function makePeer({ options, problem: spec }: Subject): Promise<PreparedSubject> {
  const { n, heads = 8, headDim = 64 } = spec;
  const make = peers[String(options.peer)];
  if (make === undefined)
    throw new AttnError('INVALID_ARGUMENT', 'bench', `unknown peer ${String(options.peer)}`);
  const inputs = problem(heads, n, headDim);
  const pattern = spec.pattern === undefined ? full() : patternFromJson(spec.pattern);
  const peer = await make();
  const call = await peer.prepare(inputs, peerPattern(spec.pattern));
  return {
    run: () => call.run(),
    async check() {
      const result = await call.run();
      const out = f32([1, heads, n, headDim], (await call.inOrder?.(result)) ?? result);
      return checkRows(inputs, { pattern }, out);
    },
    dispose: () => call.dispose(),
  };
}

/** The peers' name of one of our patterns. */
function peerPattern(json: JsonObject | undefined): PeerPattern {
  if (json === undefined) return { kind: 'dense' };
  if (json.type === 'causal') return { kind: 'causal' };
  if (json.type === 'slidingWindow') {
    return { kind: 'window', before: Number(json.before), after: Number(json.after) };
  }
  throw new AttnError('UNSUPPORTED', 'bench', `no peer has the pattern ${String(json.type)}`);
}
