import { describeConformance } from '@attn/conformance/vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../../dist/index.js';

// The whole suite in every run: other settings, whose kernels or course differ, run a part of it.
describeConformance(() => wasm({ threads: 1, simd: 'relaxed', poison: true }));
