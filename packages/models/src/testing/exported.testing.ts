/** Runs an exported graph with ONNX Runtime alone, without any other part of this project. */
import { type Graph, type Tensor, type Tensors } from '@attn/core';
import { sizeOf } from '@attn/core/backend';
import { exportOnnx, type ExportOptions } from '@attn/onnx/export';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

/** Returns the outputs under the graph's names. */
export async function runExported(graph: Graph, inputs: Tensors, options: ExportOptions): Promise<Tensors> {
  const exported = exportOnnx(graph, options);
  const session = await InferenceSession.create(exported.model);
  const feeds = Object.entries(inputs).map(([name, tensor]): [string, OrtTensor] => [name, toOrt(tensor)]);
  const results = await session.run(Object.fromEntries(feeds));
  const outputs = [...exported.outputs].map(([name, exportedName]): [string, Tensor] => {
    const { dims, data } = results[exportedName];
    if (!(data instanceof Float32Array) || data.length !== sizeOf(dims))
      throw new TypeError(`${name} is not f32`);
    return [name, { dtype: 'f32', shape: dims, data: data.slice() }];
  });
  await session.release();
  return Object.fromEntries(outputs);
}

function toOrt({ dtype, shape, data }: Tensor): OrtTensor {
  if (dtype === 'i32') return new OrtTensor('int32', Int32Array.from(data), [...shape]);
  if (dtype === 'bool') return new OrtTensor('bool', Uint8Array.from(data), [...shape]);
  return new OrtTensor('float32', Float32Array.from(data), [...shape]);
}
