import { describeConformance } from '@attn/conformance/vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../../dist/index.js';
import { EACH_KERNEL, SOME_GOLDENS } from './cases.testing.ts';

describeConformance(() => wasm({ threads: 1, simd: 'plain', poison: true }), {
  brief: { cases: `property:oracle ${EACH_KERNEL} ${SOME_GOLDENS}`, oneCallIn: 4 },
});
