/** Finds out whether a session can be created here with the chosen execution providers. */
import { onHostTimers } from '@attn/core/backend';
import { encodeModel } from '../model/encode.ts';
import { OnnxModelBuilder } from '../model/onnx-model-builder.ts';
import type { Runtime } from './runtime.ts';

/** Creates the smallest session and releases it. Errors: those of ONNX Runtime. */
export async function trySession({ ort, sessionOptions }: Runtime): Promise<void> {
  const model = new OnnxModelBuilder();
  const type = { dtype: 'f32', shape: [1] } as const;
  model.main.output(model.main.op('Identity', [model.main.input('x', type)]), type);
  const session = await onHostTimers(() =>
    ort.InferenceSession.create(encodeModel(model, 'probe').model, sessionOptions),
  );
  await session.release();
}
