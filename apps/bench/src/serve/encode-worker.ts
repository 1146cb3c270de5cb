/** A thread with a model of its own: it encodes each list of texts that it gets, and says when it is done. */
import { parentPort, workerData } from 'node:worker_threads';
import { createAttn } from '@attn/core';
import { loadModel } from '@attn/models/node';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';

/** What a thread is started with. */
export interface EncodeWorkerData {
  readonly folder: string;
  readonly backend: 'wasm' | 'onnx';
  readonly threads: number;
}

const { folder, backend, threads } = workerData as EncodeWorkerData;
const create = backend === 'wasm' ? wasm : onnx;
const attn = await createAttn({ backends: [create({ threads })] });
const model = await loadModel(folder, { attn, for: 'encode' });
parentPort?.on('message', (texts: readonly string[]) => {
  void (async () => {
    let count = 0;
    for await (const { tokens } of model.encodeMany(texts)) count += tokens[0];
    parentPort?.postMessage(count);
  })();
});
