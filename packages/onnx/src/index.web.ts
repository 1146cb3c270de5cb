/**
 * The main entry of @attn/onnx outside of Node: the backend on onnxruntime-web. Its types are those of
 * `index.ts`, so that one program type-checks for both.
 */
import type { onnx as OnnxInNode } from './index.ts';
import { onnx as onnxOnWeb } from './web.ts';

/** Creates the backend on `onnxruntime-web`. Errors: `INVALID_ARGUMENT`. */
export const onnx: typeof OnnxInNode = onnxOnWeb;
