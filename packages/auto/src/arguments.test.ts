/** Whatever `createAttn` is called with, it works or says what is wrong. */
import { describeFunctions } from '@attn/conformance/vitest';
import type { Attn } from '@attn/core';
import * as module from './index.ts';

describeFunctions([module], {
  createAttn: {
    args: () => [
      {
        backend: 'cpu',
        backends: ['cpu'],
        threads: 1,
        weightsInPlace: true,
        tune: 'estimate',
        cache: false,
      },
    ],
    options: [0],
    after: (attn) => (attn as Attn).dispose(),
  },
});
