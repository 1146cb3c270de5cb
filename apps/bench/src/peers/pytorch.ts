/**
 * PyTorch on the CPU, in a process of its own: its fused attention, and FlexAttention compiled by
 * torch.compile, which leaves out hidden blocks. The variable `ATTN_PYTHON` names a Python that has torch.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { lacks, type Peer } from './peer.ts';

const SCRIPT = fileURLToPath(new URL('../../src/peers/pytorch_attention.py', import.meta.url));

/** The fused operator or compiled FlexAttention, with this many threads. */
export function pytorch(form: 'sdpa' | 'flex', threads: number): Peer {
  return {
    async prepare({ q, k, v, heads, n, headDim }, pattern) {
      if (form === 'sdpa' && pattern.kind === 'window') throw lacks('the fused operator', pattern);
      const folder = await mkdtemp(join(tmpdir(), 'attn-bench-'));
      for (const [name, { data }] of Object.entries({ q, k, v })) await writeFile(join(folder, name), data);
      const call = { form, threads, folder, pattern, shape: [1, heads, n, headDim] };
      const child = spawn(String(process.env.ATTN_PYTHON), [SCRIPT, JSON.stringify(call)], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const answer = async (): Promise<void> => {
        if ((await lines.next()).done === true) throw new Error('Python ended');
      };
      const ask = (line: string): Promise<void> => {
        child.stdin.write(`${line}\n`);
        return answer();
      };
      await answer();
      // A result stays in Python until somebody looks at it: reading it is no part of the call.
      const empty = new Float32Array(0);
      return {
        async run() {
          await ask('run');
          return empty;
        },
        async inOrder() {
          await ask('save');
          const { buffer, byteOffset, byteLength } = await readFile(join(folder, 'out'));
          return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
        },
        async dispose() {
          child.kill();
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
  };
}
