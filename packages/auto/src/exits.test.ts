/**
 * A process whose `Attn` was disposed ends by itself, whatever ran in
 * it: no worker, device or timer is left behind.
 */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';

/**
 * Runs a program that computes and disposes. Returns its output and
 * its exit code, which is null when it had to be killed.
 */
function run(program: string): Promise<{ readonly output: string; readonly code: number | null }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const timer = setTimeout(() => child.kill(), 60_000);
  return new Promise((resolve) =>
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve({ output, code });
    }),
  );
}

const PROGRAM = `
import { createAttn } from '@attn/auto';
import { f32 } from '@attn/core';
const attn = await createAttn({ ...OPTIONS, cache: false });
const probe = attn.probe().find(({ name }) => name === OPTIONS.backend);
if (probe !== undefined && !probe.available) process.stdout.write('absent: ' + probe.reason);
else {
  const x = f32([1, 8, 512, 64], new Float32Array(8 * 512 * 64).fill(0.5));
  const { backend } = await attn.attention({ q: x, k: x, v: x });
  process.stdout.write(backend);
}
await attn.dispose();
`;

test.each(['wasm', 'onnx', 'cpu', 'webgpu'])('after a call on %s', async (backend) => {
  const { output, code } = await run(PROGRAM.replaceAll('OPTIONS', JSON.stringify({ backend })));
  expect(output).toMatch(backend === 'webgpu' ? /^(webgpu$|absent: )/ : new RegExp(`^${backend}$`));
  expect(code).toBe(0);
});

test.each(['estimate', 'measure'])('after a choice by %s', async (tune) => {
  const { output, code } = await run(PROGRAM.replaceAll('OPTIONS', JSON.stringify({ tune })));
  expect(output).toMatch(/^(wasm|onnx|cpu|webgpu)$/);
  expect(code).toBe(0);
});
