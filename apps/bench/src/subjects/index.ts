/** Functions that make subjects of contests. */
import type { JsonObject } from '@attn/core';
import type { FilePart } from './file.ts';
import type { Subject, ProblemSpec } from '../contest/protocol.ts';

/** The window of `size` keys to each side. */
export function windowOf(size: number, dilation = 1): JsonObject {
  return { type: 'slidingWindow', before: size, after: size, ...(dilation === 1 ? {} : { dilation }) };
}

/** The causal pattern. */
export const CAUSAL: JsonObject = { type: 'causal' };

/** `@attn/wasm`, the whole call. */
export function ours(problem: ProblemSpec, options: JsonObject = {}): Subject {
  const { threads = 1, simd } = options;
  const name = `@attn/wasm, ${threads === 1 ? '1 thread' : `${String(threads)} threads`}${simd === 'plain' ? ', plain SIMD' : ''}`;
  return { name, kind: 'attention', options: { backend: 'wasm', threads, ...options }, problem };
}

/** `@attn/onnx` on onnxruntime-node, or on onnxruntime-web, the whole call. */
export function onnx(problem: ProblemSpec, threads: number, backend: 'onnx' | 'onnx-web' = 'onnx'): Subject {
  const where = backend === 'onnx' ? 'onnxruntime-node' : 'onnxruntime-web';
  const name = `@attn/onnx on ${where}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
  return { name, kind: 'attention', options: { backend, threads }, problem };
}

/** LSH attention on a backend; `heads` stand for batch rows too. */
export function lsh(problem: ProblemSpec, options: JsonObject): Subject {
  const { backend, threads = 1 } = options;
  const name = `@attn/${String(backend)}, LSH, ${threads === 1 ? '1 thread' : `${String(threads)} threads`}`;
  return { name, kind: 'lsh', options: { threads, ...options }, problem };
}

/** Linformer's attention to k projected keys, on a backend. */
export function linformer(problem: ProblemSpec, options: JsonObject): Subject {
  const { backend, threads = 1 } = options;
  const name = `@attn/${String(backend)}, Linformer, ${threads === 1 ? '1 thread' : `${String(threads)} threads`}`;
  return { name, kind: 'linformer', options: { threads, ...options }, problem };
}

/** `@attn/cpu`, the whole call. */
export function plain(problem: ProblemSpec): Subject {
  return { name: '@attn/cpu', kind: 'attention', options: { backend: 'cpu' }, problem };
}

/** A peer by its name. */
export function peer(name: string, problem: ProblemSpec): Subject {
  return { name, kind: 'peer', options: { peer: name }, problem };
}

/** A backend's bare executable of a call, without what `createAttn` does; `what` goes into its name. */
export function executable(
  problem: ProblemSpec,
  backend: 'wasm' | 'onnx',
  threads: number,
  what = '',
): Subject {
  const name = `@attn/${backend}, ${what}${threads === 1 ? '1 thread' : `${threads} threads`}`;
  return { name, kind: 'executable', options: { backend, threads }, problem };
}

/** A whole model from a folder. */
export function model(folder: string, n: number, backend: 'wasm' | 'onnx', threads: number): Subject {
  const name = `@attn/${backend}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
  return { name, kind: 'model', options: { backend, threads, folder }, problem: { n } };
}

/** A whole model from a folder that computes a vector for a text. */
export function encoder(folder: string, n: number, backend: 'wasm' | 'onnx', threads: number): Subject {
  const subject = model(folder, n, backend, threads);
  return { ...subject, options: { ...subject.options, encodes: true } };
}

/** An encoder as PyTorch exports it, on onnxruntime-node or onnxruntime-web. */
export function exported(path: string, n: number, runtime: 'node' | 'web', threads: number): Subject {
  const name = `onnxruntime-${runtime}, the exported original`;
  return { name, kind: 'exported', options: { path, runtime, threads }, problem: { n } };
}

/** An encoder in PyTorch, where there is one. */
export function pytorch(name: string, n: number, threads: number): Subject {
  return { name: 'PyTorch, sdpa', kind: 'pytorch', options: { model: name, threads }, problem: { n } };
}

/** A checkpoint loaded, its tensors read, or the bytes of its file read. */
export function file(part: FilePart, folder: string, weights = 'model.safetensors'): Subject {
  return { name: FILE_NAMES[part], kind: 'file', options: { folder, part, weights }, problem: { n: 1 } };
}

const FILE_NAMES: Readonly<Record<FilePart, string>> = {
  load: 'loadModel',
  loadInMemory: 'loadModel, inMemory',
  tensors: 'openCheckpoint, all tensors',
  read: 'readFileSync',
  quantize: 'loadModel, quantising',
};

/** onnxruntime-node's own product of two square matrices. */
export function matmul(n: number, threads: number): Subject {
  return { name: 'onnxruntime-node MatMul', kind: 'matmul', options: { threads }, problem: { n } };
}
