import { describeConformance } from '@attn/conformance/vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../../dist/index.js';
import { COURSE, SOME_GOLDENS } from './cases.testing.ts';

describeConformance(() => wasm({ threads: 2, offMainThread: true, poison: true }), {
  brief: { cases: `attn:graph:* ${COURSE} ${SOME_GOLDENS}`, oneCallIn: 4 },
});
