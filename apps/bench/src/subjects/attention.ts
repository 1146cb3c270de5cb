/** Our own backends: the whole call as an application makes it, or only the executable behind it. */
import {
  AttnError,
  createAttn,
  full,
  patternFromJson,
  type AttentionCall,
  type Backend,
  type JsonObject,
  type Tensor,
} from '@attn/core';
import { attention } from '@attn/core';
import { cpu } from '@attn/cpu';
import { wasm, type WasmOptions } from '@attn/wasm';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';
import { extraInput, problem, type ExtraInputs, type Problem } from '../inputs.ts';
import { checkRows } from '../oracle.ts';

/**
 * Makes the backend that options name: `{ backend: 'wasm', threads:
 * 2, … }`. ONNX Runtime is loaded only when it is named.
 */
export async function makeBackend({ backend, ...options }: JsonObject): Promise<Backend> {
  if (backend === 'cpu') return cpu();
  if (backend === 'wasm') return wasm(options as WasmOptions);
  if (backend === 'onnx') return (await import('@attn/onnx/node')).onnx(options);
  if (backend === 'onnx-web') return (await import('@attn/onnx/web')).onnx(options);
  throw new AttnError('INVALID_ARGUMENT', 'bench', `expected a backend, got ${JSON.stringify(backend)}`);
}

interface Prepared {
  readonly backend: Backend;
  readonly inputs: Problem;
  readonly call: AttentionCall;
  check(run: () => Promise<Tensor>): Promise<number>;
}

/** Prepares the inputs, the call, and the check of its results. */
export async function prepare({ options, problem: spec }: Subject): Promise<Prepared> {
  const { n, heads = 8, headDim = 64, kvHeads = heads } = spec;
  const inputs = problem(heads, n, headDim, kvHeads);
  const pattern = spec.pattern === undefined ? full() : patternFromJson(spec.pattern);
  const { q, k, v } = inputs;
  const extra: ExtraInputs = spec.extra === undefined ? {} : extraInput(spec.extra, heads, n);
  const { inputs: others = {}, score, tables = {} } = extra;
  const ofScore = Object.entries(tables).map(([name, table]) => [`tables.${name}`, table]);
  return {
    backend: await makeBackend(options),
    inputs,
    call: { q, k, v, pattern, ...others, ...(score && { score, tables }) },
    check: async (run) =>
      checkRows(inputs, { pattern, score }, await run(), undefined, {
        ...others,
        ...Object.fromEntries(ofScore),
      }),
  };
}

/** Prepares `attn.attention(…)`, as an application calls it. */
export async function makeAttention(subject: Subject): Promise<PreparedSubject> {
  const { backend, call, check } = await prepare(subject);
  const attn = await createAttn({ backends: [backend] });
  return {
    run: (onProgress) => attn.attention(call, { onProgress }),
    check: () => check(async () => (await attn.attention(call)).out),
    dispose: () => attn.dispose(),
  };
}

/** Prepares `executable.run(…)`: the call without the work of `createAttn`. */
export async function makeExecutable(subject: Subject): Promise<PreparedSubject> {
  const { backend, call, check } = await prepare(subject);
  await backend.probe();
  const { graph, inputs } = attention(call);
  const executable = await backend.compile(graph);
  return {
    run: () => executable.run(inputs),
    check: () => check(async () => (await executable.run(inputs)).out),
    dispose: () => backend.dispose(),
  };
}
