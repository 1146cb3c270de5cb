/** The graph and the inputs of a batch of ids or of vectors. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Model, ModelCall, TokenBatch, VectorBatch } from '../model.ts';
import { checkBatch } from './batch.ts';

const WHERE = 'models/run';

/** Checks a batch, and returns its graph and inputs. Errors: `MISSING_INPUT`, those of `Model.call`. */
export function callOf(model: Model, batch: TokenBatch | VectorBatch): ModelCall {
  const checked = checkBatch(WHERE, batch);
  const isVectors = 'inputsEmbeds' in checked;
  if (isVectors && 'inputIds' in checked) {
    throw new AttnError('INVALID_ARGUMENT', WHERE, 'the batch must have inputIds or inputsEmbeds, got both');
  }
  if (!isVectors && !('inputIds' in checked)) {
    const message = `the batch must have inputIds, or inputsEmbeds in models of vectors, got ${show(batch)}`;
    throw new AttnError('MISSING_INPUT', WHERE, message);
  }
  if (!isVectors) return model.call(checked);
  if (model.callVectors !== undefined) return model.callVectors(checked);
  throw new AttnError('INVALID_ARGUMENT', WHERE, `${model.architecture} takes inputIds, got inputsEmbeds`);
}
