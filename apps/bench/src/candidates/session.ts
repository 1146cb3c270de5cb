/**
 * The model that @attn/onnx makes of a call, in a bare session of
 * onnxruntime-node: what our own run of it costs beside that.
 */
import { f32 } from '@attn/core';
import { attentionGraph, attentionInputs } from '@attn/core/backend';
import { exportOnnx } from '@attn/onnx';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Candidate, Contestant } from '../contest/protocol.ts';
import { prepare } from './attention.ts';

/** Makes the contestant. */
export async function makeSession(candidate: Candidate): Promise<Contestant> {
  const { call, check } = await prepare(candidate);
  const { threads = 1 } = candidate.options;
  const { model } = exportOnnx(attentionGraph(call));
  const session = await InferenceSession.create(model, { intraOpNumThreads: Number(threads) });
  const feeds = Object.fromEntries(
    Object.entries(attentionInputs(call)).map(([name, { data, shape }]) => [
      name,
      new Tensor('float32', data as Float32Array, [...shape]),
    ]),
  );
  const { heads = 8, n, headDim = 64 } = candidate.problem;
  return {
    run: () => session.run(feeds),
    check: () =>
      check(async () => f32([1, heads, n, headDim], (await session.run(feeds)).out.data as Float32Array)),
    dispose: () => session.release(),
  };
}
