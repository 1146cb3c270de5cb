import { describeConformance } from '@attn/conformance/vitest';
// The built files, as published: threads load their script from there.
import { wasm } from '../../dist/index.js';

describeConformance(() => wasm({ sharedMemory: false, poison: true }), { part: { part: 1, of: 8 } });
