import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// Software compiles these kernels for seconds, and on a busy machine for many.
const caseTimeout = 120_000;

// Reductions by subgroup operations, where a software GPU has subgroups of 4 or 8: all rows of tiles span several of them.
describeConformance(() => webgpu({ subgroups: true }), { caseTimeout, part: { part: 1, of: 24 } });
