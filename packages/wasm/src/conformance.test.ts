import { describeConformance } from '@attn/conformance/vitest';
// What is built and published, because threads load their script from there.
import { wasm } from '../dist/index.js';

describeConformance(() =>
  wasm({
    poison: true,
    threads: Number(process.env.ATTN_T ?? 1),
    simd: (process.env.ATTN_SIMD ?? 'relaxed') as 'relaxed',
    sharedMemory: process.env.ATTN_SHARED ? true : false,
  }),
);
