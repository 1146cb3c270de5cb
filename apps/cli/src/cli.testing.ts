/**
 * Runs the command: as a user does, in another process and a folder of its own, or in the process of the
 * test.
 */
import { execFile } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { f32, type Tensor } from '@attn/core';
import { runCommandLine } from './cli.ts';

/** Path of the built command. */
export const MAIN: string = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** How a command ended. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `attn` with these arguments in this folder, to its end, in a process of its own. */
export function spawnIn(folder: string, args: readonly string[]): Promise<Result> {
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

/**
 * Runs `attn` with these arguments in this folder, to its end, in the process of the test, which takes a
 * tenth of the time. What is about processes takes `spawnIn`: signals, pipes, help, and one command line of
 * each kind as users run it.
 * @param options.interruptAt a text of stderr; the command is interrupted when it writes that
 */
export async function attnIn(
  folder: string,
  args: readonly string[],
  { interruptAt }: { readonly interruptAt?: string } = {},
): Promise<Result> {
  const interrupt = new AbortController();
  const stdout = new PassThrough();
  const stderr = new PassThrough({
    transform(chunk, _encoding, done) {
      if (interruptAt !== undefined && String(chunk).includes(interruptAt)) interrupt.abort();
      done(null, chunk);
    },
  });
  const before = { cwd: process.cwd(), argv: process.argv, debug: process.env.ATTN_DEBUG };
  delete process.env.ATTN_DEBUG;
  process.argv = [...before.argv.slice(0, 2), ...args]; // where numbers are spelt as the user wrote them
  process.chdir(folder);
  try {
    const code = await runCommandLine(args, { stdout, stderr }, interrupt.signal);
    return { code, stdout: await text(stdout.end()), stderr: await text(stderr.end()) };
  } finally {
    process.chdir(before.cwd);
    process.argv = before.argv;
    if (before.debug !== undefined) process.env.ATTN_DEBUG = before.debug;
  }
}

/** A tensor of deterministic values in −1 … 1. */
export function values(shape: readonly number[], seed: number): Tensor<'f32'> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return f32(
    shape,
    Float32Array.from({ length: size }, (_, i) => Math.sin((i + 1) * 12.9898 * seed)),
  );
}
