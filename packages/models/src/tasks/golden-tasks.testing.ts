/**
 * Goldens of tasks: folders `goldens/tasks/<name>` with a model, its tokenizer and `cases.json`, the answers
 * of the original pipelines. `ATTN_GOLDENS` names a folder with the whole set.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import type { TextRunOptions } from '../encode/options.ts';

/** A case: an input as one line of the command line, options, and what the original answers. */
export interface TaskCase {
  readonly id: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly expected: unknown;
  /** Cases of one number were computed as one padded batch. */
  readonly batch?: number;
  readonly [field: string]: unknown;
}

/** A folder of goldens. */
export interface TaskFolder {
  readonly name: string;
  readonly path: string;
  readonly task: string;
  readonly cases: readonly TaskCase[];
}

const { ATTN_GOLDENS, ATTN_SUITE } = process.env;
const OWN = fileURLToPath(new URL('../../goldens/tasks/', import.meta.url));

/** The folders of a task. */
export function taskFolders(task: string): readonly TaskFolder[] {
  const root = ATTN_GOLDENS ? join(ATTN_GOLDENS, 'tasks') : OWN;
  return readdirSync(root)
    .map((name) => ({ name, path: join(root, name) }))
    .filter(({ path }) => existsSync(join(path, 'cases.json')))
    .map(({ name, path }) => {
      const file = JSON.parse(readFileSync(join(path, 'cases.json'), 'utf8')) as Pick<
        TaskFolder,
        'task' | 'cases'
      >;
      return { name, path, task: file.task, cases: file.cases };
    })
    .filter((folder) => folder.task === task);
}

/** The backends that run goldens of tasks: cpu, in a whole run all. */
export const TASK_BACKENDS: readonly string[] =
  ATTN_SUITE === 'whole' ? ['cpu', 'wasm', 'onnx', 'webgpu'] : ['cpu'];

/** An `Attn` of one backend. */
export async function attnOn(backend: string): Promise<Attn> {
  const make = { cpu, wasm, onnx, webgpu }[backend as 'cpu'];
  return createAttn({ backends: [make()] });
}

/** The largest difference between two scores that counts as none. */
export const SCORE_TOLERANCE = 1e-4;

/** Options of every pipeline, all given, for tests of wrong ones. */
export function wholeOptions(): TextRunOptions {
  const { signal } = new AbortController();
  return { batchTokens: 64, backend: 'cpu', signal, onProgress: () => {}, onWarning: () => {} };
}
