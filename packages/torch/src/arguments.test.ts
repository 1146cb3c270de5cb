// A public function accepts its arguments, or throws one typed sentence that says what is wrong with them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeFunctions } from '@attn/conformance/vitest';
import * as torch from './index.ts';
import * as node from './node.ts';

const path = join(import.meta.dirname, '../goldens/state/root_archive/pytorch_model.bin');
const bytes = new Uint8Array(readFileSync(path));

describeFunctions([torch, node], {
  openTorch: {
    args: () => [
      {
        size: bytes.length,
        name: 'x',
        read: async (at: number, length: number) => bytes.slice(at, at + length),
      },
    ],
  },
  parseTorch: { args: () => [bytes, 'x'] },
  openTorchFile: { args: () => [path], after: (file) => (file as node.TorchDiskFile).dispose() },
});
