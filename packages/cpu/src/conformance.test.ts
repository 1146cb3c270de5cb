/**
 * The published conformance suite on this backend, in Node. Outputs are poisoned: an element not
 * written shows.
 */
import { describeConformance } from '@attn/conformance/vitest';
import { cpu } from './index.ts';

describeConformance(() => cpu({ poison: true }));
