/** Whatever the backend is called with, it works or says what is wrong. */
import { describeFunctions } from '@attn/conformance/vitest';
import * as module from './index.ts';

describeFunctions([module], { cpu: { args: () => [{ poison: true }], options: [0] } });
