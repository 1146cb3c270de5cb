/** The backend is created with every kind of wrong option: it works or names the fault. */
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
