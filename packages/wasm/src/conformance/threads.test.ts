import { describeConformance } from '@attn/conformance/vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../../dist/index.js';
import { DIVIDED, SHORT_COURSE } from './cases.testing.ts';

describeConformance(() => wasm({ threads: 2, poison: true }), {
  brief: { cases: `golden:* ${DIVIDED} ${SHORT_COURSE}`, oneCallIn: 4 },
});
