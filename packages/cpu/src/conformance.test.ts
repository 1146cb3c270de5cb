/**
 * The published conformance suite on this backend, in Node. Outputs are poisoned, so that what is not written
 * shows.
 */
import { describeConformance } from '@attn/conformance/vitest';
import { cpu } from './index.ts';

describeConformance(() => cpu({ poison: true }));
