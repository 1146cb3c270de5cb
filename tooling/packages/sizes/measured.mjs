// The bundles that are measured, and their limits. By default a row
// is everything that a package exports, without its peers.
import { bundle } from './bundle.mjs';

/**
 * Imports that are not part of a package's own size: peers, our other packages, modules of the runtime, and
 * the database and the parsers of a corpus, which never goes into a page.
 */
const PEERS =
  /^(@attn\/|node:|onnxruntime-|onnx-proto|webgpu$|vitest|fast-check|ai$|@langchain\/|fastify$|prom-client$|@electric-sql\/|pg$|pg-boss$|parse5$|mdast-util-|micromark-|picomatch$)/;

/** True for the file of a worker, which is bundled separately and so includes core. */
const isWorker = ({ name }) => name.includes('attn-wasm-engine');

/** True for the code of a task, which is loaded with its pipeline. */
const isTask = ({ modules }) => modules.every((id) => id.includes('/dist/tasks/'));

/** True for what pages load with the first model of the hub. */
const isPageHub = ({ modules }) => modules.some((id) => id.includes('/hub/page/'));

const all = (name) => ({ source: `export * from '${name}';`, own: name });

/**
 * `limit` and `target` are in kB (1,000 bytes), gzipped. The target
 * was planned; where it is missed, the limit keeps the size as it is.
 */
export const ROWS = [
  { what: '@attn/core', ...all('@attn/core'), limit: 67.5, target: 15 },
  { what: '@attn/core/backend', ...all('@attn/core/backend'), limit: 47.5 },
  {
    what: '@attn/core: createAttn and a window',
    source: "export { createAttn, slidingWindow } from '@attn/core';",
    own: '@attn/core',
    limit: 49,
    target: 15,
  },
  {
    what: '@attn/core: a window',
    source: "export { slidingWindow } from '@attn/core';",
    own: '@attn/core',
    limit: 3.6,
  },
  { what: '@attn/core/reference', ...all('@attn/core/reference'), limit: 20 },
  { what: '@attn/cpu', ...all('@attn/cpu'), limit: 9.5, target: 8 },
  { what: '@attn/wasm', ...all('@attn/wasm'), files: (file) => !isWorker(file), limit: 58.5, target: 25 },
  {
    what: '@attn/wasm: its worker in pages, which takes the place of most of that, core included',
    ...all('@attn/wasm'),
    files: isWorker,
    limit: 79,
  },
  { what: '@attn/webgpu', ...all('@attn/webgpu'), limit: 41.5, target: 25 },
  { what: '@attn/onnx', ...all('@attn/onnx'), limit: 43, target: 25 },
  { what: '@attn/onnx/node', ...all('@attn/onnx/node'), limit: 43, target: 25 },
  { what: '@attn/onnx/web', ...all('@attn/onnx/web'), limit: 43, target: 25 },
  { what: '@attn/onnx/export', ...all('@attn/onnx/export'), limit: 30 },
  { what: '@attn/auto', ...all('@attn/auto'), limit: 2 },
  {
    what: '@attn/models',
    ...all('@attn/models'),
    files: (file) => !isPageHub(file) && !isTask(file),
    limit: 125,
  },
  {
    what: '@attn/models: tasks, each loaded with its pipeline',
    ...all('@attn/models'),
    files: isTask,
    limit: 25,
  },
  {
    what: '@attn/models: loadModel, before it knows the model',
    source: "export { loadModel } from '@attn/models';",
    own: '@attn/models',
    files: ({ isFirst }) => isFirst,
    limit: 26,
  },
  {
    what: '@attn/models: models of the hub on a page, loaded when one is',
    ...all('@attn/models'),
    files: isPageHub,
    limit: 10,
  },
  { what: '@attn/ai-sdk', ...all('@attn/ai-sdk'), limit: 1.5 },
  { what: '@attn/langchain', ...all('@attn/langchain'), limit: 1.5 },
  { what: '@attn/serve', ...all('@attn/serve'), limit: 7.5 },
  { what: '@attn/corpus', ...all('@attn/corpus'), limit: 17.5 },
  { what: '@attn/safetensors', ...all('@attn/safetensors'), limit: 7.6 },
  { what: '@attn/torch', ...all('@attn/torch'), limit: 9 },
  { what: '@attn/tokenizers', ...all('@attn/tokenizers'), limit: 27.5 },
  {
    what: '@attn/tokenizers: tokenizers without what writes a tokenizer.json',
    source: "export { tokenizerFileNames, tokenizerFromFiles, tokenizerFromJson } from '@attn/tokenizers';",
    own: '@attn/tokenizers',
    limit: 26.5,
  },
];

/** The gzipped size of each row in kB. */
export async function measure() {
  const sizes = [];
  for (const row of ROWS) {
    const files = await bundle(row.source, (id) => PEERS.test(id) && id !== row.own);
    const bytes = files.filter(row.files ?? (() => true)).reduce((total, { gzip }) => total + gzip, 0);
    sizes.push({ ...row, size: bytes / 1000 });
  }
  return sizes;
}
