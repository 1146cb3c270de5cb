/** The original of an encoder in PyTorch. The variable `ATTN_PYTHON` names a Python that has it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';

const SCRIPT = fileURLToPath(new URL('../../src/peers/pytorch_encoder.py', import.meta.url));

/** Prepares the subject: `options` are the `model` and `threads`. */
export async function makePytorch({ options, problem: { n } }: Subject): Promise<PreparedSubject> {
  const python = process.env.ATTN_PYTHON;
  if (python === undefined) throw new Error('ATTN_PYTHON names no Python with torch and transformers');
  const args = [SCRIPT, String(options.model), String(n), String(options.threads)];
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('Python ended');
    return String(value);
  };
  await next();
  return {
    run: () => {
      child.stdin.write('run\n');
      return next();
    },
    check: async () => 0,
    dispose: async () => void child.kill(),
  };
}
