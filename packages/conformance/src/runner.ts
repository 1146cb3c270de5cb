/**
 * Runs a case on a backend. It checks the numbers, and also what numbers alone do not show: outputs are new
 * arrays that a later run does not touch, inputs are never written to, and the first run does not disturb a
 * second one of the same executable with other numbers and other masks.
 *
 * Poisoning shows that every output element is written: make the backend so that it fills new memory with NaN
 * (`cpu({ poison: true })`), and an element that a kernel leaves out cannot pass for a result.
 */
import { type Backend, type Graph, type Tensor, type Tensors } from '@attn/core';
import { supportsGraph, type Executable } from '@attn/core/backend';
import type { BuiltCase, ConformanceCase } from './case.ts';
import { compareOutput, type Expected } from './compare.ts';
import { rejects } from './contract/contract.ts';
import { oracle } from './oracle.ts';
import { rowDifferences } from './rows.ts';

/** The outcome of a case. */
export type CaseResult =
  | { readonly id: string; readonly status: 'passed' }
  | { readonly id: string; readonly status: 'failed'; readonly message: string }
  | { readonly id: string; readonly status: 'unsupported'; readonly reason: string };

/**
 * Runs a case, or holds that a backend which says it cannot run it refuses to compile it. Never rejects: an
 * error of the backend is a failure with its message.
 */
export async function runCase(backend: Backend, conformanceCase: ConformanceCase): Promise<CaseResult> {
  const { id, description } = conformanceCase;
  try {
    const built = conformanceCase.build();
    const supported = supportsGraph(backend, built.graph);
    if (supported !== true) {
      const refusal = await rejects('UNSUPPORTED', () => backend.compile(built.graph));
      if (refusal === undefined) return { id, status: 'unsupported', reason: supported };
      return { id, status: 'failed', message: `${id} is unsupported on ${backend.name}, but ${refusal}` };
    }
    const problem = await runTwice(backend, built, expectationsOf(conformanceCase));
    if (problem === undefined) return { id, status: 'passed' };
    return { id, status: 'failed', message: `${id} on ${backend.name}: ${description}\n${problem}` };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { id, status: 'failed', message: `${id} on ${backend.name}: ${description}\nthrew ${text}` };
  }
}

/** The expected outputs of a case in its two runs. */
type Expectations = Partial<Record<'first run' | 'second run', Readonly<Record<string, Expected>>>>;

/** What the oracle says of cases. Further backends and settings that run in this process share it. */
const expectations = new WeakMap<ConformanceCase, Expectations>();

function expectationsOf(conformanceCase: ConformanceCase): Expectations {
  const expected = expectations.get(conformanceCase) ?? {};
  expectations.set(conformanceCase, expected);
  return expected;
}

/** Compiles once, runs twice, and returns what is wrong. */
async function runTwice(
  backend: Backend,
  { graph, inputs: first, again: second, rows }: BuiltCase,
  expected: Expectations,
): Promise<string | undefined> {
  const problemOf = (run: keyof Expectations, inputs: Tensors, outputs: Tensors): string | undefined =>
    rows
      ? differences(run, graph, inputs, outputs, rows)
      : mismatches(run, graph, outputs, (expected[run] ??= oracle(graph, inputs)));
  const executable = await backend.compile(graph);
  try {
    const before = copy(first);
    const outputs = await executable.run(first);
    const snapshot = copy(outputs);
    return (
      problemOf('first run', before, outputs) ??
      changes('inputs were written to', before, first) ??
      sharing(first, outputs) ??
      (await secondRun(executable, second, problemOf)) ??
      changes('outputs of the first run changed in the second', snapshot, outputs)
    );
  } finally {
    executable.dispose();
  }
}

async function secondRun(
  executable: Executable,
  inputs: Tensors,
  problemOf: (run: 'second run', inputs: Tensors, outputs: Tensors) => string | undefined,
): Promise<string | undefined> {
  const before = copy(inputs);
  const outputs = await executable.run(inputs);
  return problemOf('second run', before, outputs) ?? changes('inputs were written to', before, inputs);
}

/**
 * Says what is wrong with the outputs of a run, or with the chosen rows of them; undefined when all is right.
 */
export function differences(
  run: string,
  graph: Graph,
  inputs: Tensors,
  outputs: Tensors,
  rows?: BuiltCase['rows'],
): string | undefined {
  if (rows === undefined) return mismatches(run, graph, outputs, oracle(graph, inputs));
  const problem = unknownOutputs(graph, outputs) ?? rowDifferences(graph, inputs, outputs, rows);
  return problem && `${run}: ${problem}`;
}

function mismatches(
  run: string,
  graph: Graph,
  outputs: Tensors,
  expected: Readonly<Record<string, Expected>>,
): string | undefined {
  const unknown = unknownOutputs(graph, outputs);
  if (unknown !== undefined) return `${run}: ${unknown}`;
  for (const [name, value] of Object.entries(expected)) {
    const mismatch = compareOutput(name, value, outputs[name]);
    if (mismatch) return `${run}: ${mismatch.text}`;
  }
  return undefined;
}

function unknownOutputs(graph: Graph, outputs: Tensors): string | undefined {
  const unknown = Object.keys(outputs).filter((name) => !graph.outputs.has(name));
  return unknown.length > 0 ? `unknown outputs ${unknown.join(', ')}` : undefined;
}

function sharing(inputs: Tensors, outputs: Tensors): string | undefined {
  const buffers = new Map(Object.entries(inputs).map(([name, { data }]) => [data.buffer, `input ${name}`]));
  for (const [name, { data }] of Object.entries(outputs)) {
    const owner = buffers.get(data.buffer);
    if (owner !== undefined) return `output ${name} shares memory with ${owner}`;
  }
  return undefined;
}

/** Names the first element that is not bit for bit that of the copy; undefined when all are. */
export function changes(what: string, before: Tensors, now: Tensors): string | undefined {
  for (const [name, { data }] of Object.entries(before)) {
    const current = now[name].data;
    for (let i = 0; i < data.length; i++) {
      if (!Object.is(current[i], data[i])) return `${what}: ${name}[${i}] was ${data[i]}, is ${current[i]}`;
    }
  }
  return undefined;
}

/** Copies tensors with their data. */
export function copy(tensors: Tensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => [name, { ...value, data: value.data.slice() }]),
  );
}
