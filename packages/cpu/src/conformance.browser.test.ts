/** The published conformance suite on this backend, in a browser. */
import { describeConformance } from '@attn/conformance/vitest';
import { cpu } from './index.ts';

describeConformance(() => cpu({ poison: true }));
