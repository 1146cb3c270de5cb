import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// Reductions by subgroup operations, where a software GPU has subgroups of 4 or 8: all rows of tiles span several of them.
describeConformance(() => webgpu({ subgroups: true }), { part: { part: 1, of: 6 } });
