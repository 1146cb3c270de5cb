import { describeConformance } from '@attn/conformance/vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../../dist/index.js';
import { EACH_KERNEL, SHORT_COURSE, SOME_GOLDENS } from './cases.testing.ts';

describeConformance(() => wasm({ sharedMemory: false, poison: true }), {
  brief: { cases: EACH_KERNEL + SHORT_COURSE + SOME_GOLDENS, oneCallIn: 4 },
});
