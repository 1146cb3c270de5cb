/** Whatever the backend is made with, it is made or says what is wrong. */
import { describeFunctions } from '@attn/conformance/vitest';
import * as assembler from './assembler/index.ts';
import * as ceilings from './ceilings.ts';
import * as module from './index.ts';

const BENCH = 'is for benchmarks: its types say what fits';
const ASSEMBLER = 'is for those who write kernels: its types say what fits';

describeFunctions([module, ceilings, assembler], {
  wasm: {
    args: () => [{ threads: 1, simd: 'plain', sharedMemory: false, offMainThread: false, poison: true }],
    options: [0],
  },
  measureCeilings: 'takes no arguments, and half a second',
  readableMemory: BENCH,
  memoryReader: BENCH,
  FunctionBuilder: ASSEMBLER,
  ModuleBuilder: ASSEMBLER,
});
