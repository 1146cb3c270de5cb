/**
 * The model that @attn/onnx makes of a call, in a plain session of
 * onnxruntime-node, to show what our own run adds.
 */
import { attention, f32 } from '@attn/core';
import { exportOnnx } from '@attn/onnx/export';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';
import { prepare } from './attention.ts';

/** Prepares the subject. */
export async function makeSession(subject: Subject): Promise<PreparedSubject> {
  const { call, check } = await prepare(subject);
  const { threads = 1 } = subject.options;
  const { model } = exportOnnx(attention(call).graph);
  const session = await InferenceSession.create(model, { intraOpNumThreads: Number(threads) });
  const feeds = Object.fromEntries(
    Object.entries(attention(call).inputs).map(([name, { data, shape }]) => [
      name,
      new Tensor('float32', data as Float32Array, [...shape]),
    ]),
  );
  const { heads = 8, n, headDim = 64 } = subject.problem;
  return {
    run: () => session.run(feeds),
    check: () =>
      check(async () => f32([1, heads, n, headDim], (await session.run(feeds)).out.data as Float32Array)),
    dispose: () => session.release(),
  };
}
