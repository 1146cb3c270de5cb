/** Whatever the backend is made with, it is made or says what is wrong. */
import { describeFunctions } from '@attn/conformance/vitest';
import * as module from './index.ts';

describeFunctions([module], {
  webgpu: {
    args: () => [
      {
        powerPreference: 'low-power',
        attentionRows: 32,
        gemmTile: 64,
        subgroups: false,
        onGpuTime: () => {},
      },
    ],
    options: [0],
  },
});
