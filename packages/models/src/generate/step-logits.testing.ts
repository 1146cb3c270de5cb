/** For tests of decoders. */
import { expect } from 'vitest';
import type { StepLogits } from './step-logits.ts';

/** The logits of all tokens. Fails where a step gives only the best. */
export function allOf(step: StepLogits): Float32Array {
  return 'ids' in step ? expect.fail('only the best logits') : step;
}
