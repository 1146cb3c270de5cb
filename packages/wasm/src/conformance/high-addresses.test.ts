/** Memory whose addresses have the sign bit set, or get it within an array. Unused pages take no memory. */
import { describeConformance } from '@attn/conformance/vitest';
import { describe } from 'vitest';
// The built files, as published: threads load their script from there.
import { wasmBackend } from '../../dist/backend.js';
import { EACH_KERNEL, SOME_DIVIDED, SOME_GOLDENS } from './cases.testing.ts';

describe('around 2 GiB', () => {
  describeConformance(
    () => wasmBackend({ threads: 1, offMainThread: false, poison: true, heapStart: 2 ** 31 - 4096 }),
    { brief: { cases: `property:oracle ${EACH_KERNEL} ${SOME_GOLDENS}`, oneCallIn: 4 } },
  );
});

describe('from 3 GiB on', () => {
  describeConformance(
    () => wasmBackend({ threads: 2, offMainThread: false, poison: true, heapStart: 3 * 2 ** 30 }),
    { brief: { cases: `property:oracle ${SOME_DIVIDED} ${SOME_GOLDENS}`, oneCallIn: 4 } },
  );
});
