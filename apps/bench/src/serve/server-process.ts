/** A process that serves the model of a folder on one backend, and prints where, until SIGTERM. */
import { once } from 'node:events';
import { createAttn } from '@attn/core';
import { loadModel } from '@attn/models/node';
import { onnx } from '@attn/onnx/node';
import { createServer } from '@attn/serve';
import { wasm } from '@attn/wasm';

const BACKENDS = { wasm, onnx };

const [folder, backend] = process.argv.slice(2);
const attn = await createAttn({ backends: [BACKENDS[backend as keyof typeof BACKENDS]()] });
const model = await loadModel(folder, { attn, for: 'encode' });
const server = createServer(model, { requestTimeout: 10_000 });
console.log(await server.listen({ port: 0 }));
await once(process, 'SIGTERM');
await server.close();
await attn.dispose();
