import { describeConformance } from '@attn/conformance/vitest';
import { wasm } from './index.ts';

describeConformance(() => wasm({ poison: true }));
