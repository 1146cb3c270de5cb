import { describeConformance } from '@attn/conformance/vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../../dist/index.js';

describeConformance(() => wasm({ threads: 1, simd: 'relaxed', poison: true }));
