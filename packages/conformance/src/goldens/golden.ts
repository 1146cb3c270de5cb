/**
 * Goldens are outputs of the original Python implementations. They would show an error of our own reference.
 * This file reads them, in Node from disk and in a browser over HTTP, and runs them on a backend.
 */
import { type Backend, type Graph, type Tensor, type Tensors } from '@attn/core';
import { supportsGraph } from '@attn/core/backend';
import { parseSafetensors } from '@attn/safetensors';
import { compareOutput, toNumbers, type Expected } from '../compare.ts';
import type { CaseResult } from '../runner.ts';

/** Groups of goldens. */
export type GoldenGroup =
  | 'dense'
  | 'window'
  | 'longformer'
  | 'bigbird'
  | 'lsh'
  | 'lsh_alt'
  | 'local'
  | 'linformer'
  | 'linformer_plain';

/** An entry of `goldens/manifest.json`. */
export interface GoldenEntry {
  readonly id: string;
  readonly group: GoldenGroup;
  /** Path of the file, relative to the manifest. */
  readonly file: string;
  /** Options of the original call; their type depends on the group. */
  readonly config: unknown;
  readonly tolerance: { readonly atol: number };
  readonly notes?: string;
}

/**
 * A golden with its tensors, by the names in the file: `in.q`,
 * `param.query.weight`, `aux.rand_blocks`, `out.o`.
 */
export interface Golden {
  readonly entry: GoldenEntry;
  tensor(name: string): Tensor;
  optional(name: string): Tensor | undefined;
}

/** A golden as a call of a backend. */
export interface GoldenCall {
  readonly graph: Graph;
  readonly inputs: Tensors;
  /** For each output of the graph the tensor of the file that it must equal. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /**
   * For each output of [rows …, width], the rows that count: 0 where
   * the original's numbers have no meaning. Default: all.
   */
  readonly rowsThatCount?: Readonly<Record<string, Tensor>>;
}

/**
 * URL of this file. The goldens are beside this package's code; with
 * `new URL(…, import.meta.url)` bundlers would treat them as assets.
 */
const CODE: string = import.meta.url;
/** URL of the goldens. */
const FOLDER: URL = new URL('../../goldens/', CODE);

/** All entries, in order. */
export async function goldenEntries(): Promise<readonly GoldenEntry[]> {
  const text = new TextDecoder().decode(await readBytes('manifest.json'));
  const manifest = JSON.parse(text) as { readonly cases: readonly GoldenEntry[] };
  return manifest.cases;
}

/** Reads one golden's file. */
export async function readGolden(entry: GoldenEntry): Promise<Golden> {
  const { tensors } = parseSafetensors(await readBytes(entry.file));
  const optional = (name: string): Tensor | undefined => tensors.get(name);
  const tensor = (name: string): Tensor => {
    const value = tensors.get(name);
    if (value === undefined)
      throw new Error(`[attn/conformance] golden ${entry.file}: expected a tensor ${name}`);
    return value;
  };
  return { entry, tensor, optional };
}

/** Runs a golden on a backend. */
export async function runGolden(backend: Backend, golden: Golden, call: GoldenCall): Promise<CaseResult> {
  const id = goldenId(golden.entry);
  const supported = supportsGraph(backend, call.graph);
  if (supported !== true) return { id, status: 'unsupported', reason: supported };
  const executable = await backend.compile(call.graph);
  try {
    const outputs = await executable.run(call.inputs);
    const message = goldenMismatch(golden, call, outputs);
    return message === undefined ? { id, status: 'passed' } : { id, status: 'failed', message };
  } finally {
    executable.dispose();
  }
}

/** The id of a golden: `golden:<group>/<id>`. */
export function goldenId({ group, id }: GoldenEntry): string {
  return `golden:${group}/${id}`;
}

/** What is wrong with the outputs of a golden, or undefined. */
export function goldenMismatch(golden: Golden, call: GoldenCall, outputs: Tensors): string | undefined {
  for (const [name, expectedTensor] of Object.entries(call.outputs)) {
    const expected = expectation(expectedTensor, golden.entry.tolerance.atol, call.rowsThatCount?.[name]);
    const mismatch = compareOutput(name, expected, outputs[name]);
    if (mismatch)
      return `${goldenId(golden.entry)}: ${golden.entry.notes ?? 'as the original'}\n${mismatch.text}`;
  }
  return undefined;
}

/**
 * The expectation of an output: the manifest's bound, plus the
 * rounding of the expected and the actual value to float32.
 */
function expectation(original: Tensor, atol: number, rowsThatCount: Tensor | undefined): Expected {
  const data = toNumbers(original);
  const width = data.length / (rowsThatCount?.data.length ?? 1);
  return {
    dtype: original.dtype,
    shape: original.shape,
    data,
    tolerance: data.map((value, i) =>
      rowsThatCount?.data[Math.floor(i / width)] === 0 ? Infinity : atol + Math.abs(value) * 2 ** -23,
    ),
  };
}

async function readBytes(path: string): Promise<Uint8Array> {
  const url = new URL(path, FOLDER);
  if (url.protocol === 'file:') {
    const name = 'node:fs/promises'; // a name that bundlers for browsers do not follow
    const files = (await import(/* @vite-ignore */ name)) as { readFile(url: URL): Promise<Uint8Array> };
    return files.readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`[attn/conformance] goldens: expected ${url.href}, got HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
