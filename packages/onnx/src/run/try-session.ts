/** Whether sessions can be made here at all, with the execution providers that were asked for. */
import { onHostTimers } from '@attn/core/backend';
import { encodeModel } from '../model/encode.ts';
import { ModelBuilder } from '../model/model-builder.ts';
import type { Runtime } from './runtime.ts';

/** Makes the smallest session and gives it up again. Errors: those of ONNX Runtime. */
export async function trySession({ ort, sessionOptions }: Runtime): Promise<void> {
  const model = new ModelBuilder();
  const type = { dtype: 'f32', shape: [1] } as const;
  model.main.output(model.main.op('Identity', [model.main.input('x', type)]), type);
  const session = await onHostTimers(() =>
    ort.InferenceSession.create(encodeModel(model, 'probe').model, sessionOptions),
  );
  await session.release();
}
