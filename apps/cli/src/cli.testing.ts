/** Runs the built command as a user does: in another process, in a folder of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { f32, type Tensor } from '@attn/core';

/** Path of the built command. */
export const MAIN: string = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** How a command ended. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `attn` with these arguments in this folder, to its end. */
export function attnIn(folder: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1', ATTN_DEBUG: '' };
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd: folder, env },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** A tensor of deterministic values in −1 … 1. */
export function values(shape: readonly number[], seed: number): Tensor<'f32'> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return f32(
    shape,
    Float32Array.from({ length: size }, (_, i) => Math.sin((i + 1) * 12.9898 * seed)),
  );
}
