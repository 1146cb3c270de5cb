/**
 * The published conformance suite on this backend, in a browser. The code is that of Node, so that by default
 * only compositions, goldens and the course of calls are tried.
 */
import { describeConformance } from '@attn/conformance/vitest';
import { cpu } from './index.ts';

describeConformance(() => cpu({ poison: true }), {
  brief: {
    cases: `attn:graph:* golden:* contract:* property:oracle
      !contract:progress* !contract:aborted-midway`,
    oneCallIn: 4,
  },
});
