/** A finished model as the bytes of a file, and the bytes of its weights where they are kept apart. */
import { AttnError } from '@attn/core';
import protobuf, { type onnx as Onnx } from 'onnx-proto';
import { ELEMENT } from './dtypes.ts';
import { MICROSOFT } from './domains.ts';
import type { Initializer, ModelBuilder } from './model-builder.ts';

/** Format and operators that models of ours are written in; runtimes from ONNX Runtime 1.14 on know them. */
const IR_VERSION = 8;
const OPSET = 18;
const MICROSOFT_OPSET = 1;

/** A protobuf message ends here, whatever is in it. */
const MOST_BYTES = 2 ** 31 - 1;

/** Weights in a file of their own are mapped into memory page by page. */
const DATA_ALIGNMENT = 4096;

/** How to encode. */
export interface EncodeOptions {
  /** Name of the file that weights go to, as the model calls it. Without it, all of them stand in the model. */
  readonly dataFile?: string;
  /** Instead of a data file: every large weight is a file of its own, for runtimes that take files from memory. Nothing is copied. */
  readonly eachApart?: boolean;
  /** Large weights that lie in files of this folder stay there, and are not read: for runtimes that map them. */
  readonly filesOf?: string;
  /** Weights of at least this many bytes go to files. Default 1,024. */
  readonly dataThreshold?: number;
}

/** A weight as a file in memory. */
export interface WeightFile {
  /** What the model calls it. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** The files of a model. */
export interface EncodedModel {
  /** The model. */
  readonly model: Uint8Array;
  /** What the data file holds, one after another; empty without one. */
  readonly data: readonly Uint8Array[];
  /** With `eachApart`, the weights; empty without. */
  readonly weights: readonly WeightFile[];
}

/** Errors: `UNSUPPORTED` when a model without a data file would be over 2 GB. */
export function encodeModel(
  builder: ModelBuilder,
  name: string,
  { dataFile, eachApart = false, filesOf, dataThreshold = 1024 }: EncodeOptions = {},
): EncodedModel {
  const data: Uint8Array[] = [];
  const weights: WeightFile[] = [];
  let offset = 0;
  let inside = 0;
  const initializer: Onnx.ITensorProto[] = [];
  for (const [tensorName, value] of builder.initializers) {
    const { dtype, shape, byteLength, bytes, file } = value;
    const tensor = { name: tensorName, dataType: ELEMENT[dtype], dims: [...shape] };
    const isLarge = byteLength >= dataThreshold;
    if (isLarge && filesOf !== undefined && file?.folder === filesOf) {
      initializer.push({ ...tensor, ...externalData(file.name, file.byteOffset, value) });
    } else if (isLarge && eachApart) {
      const path = `weight-${weights.length}`;
      initializer.push({ ...tensor, ...externalData(path, 0, value) });
      weights.push({ path, data: bytes() });
    } else if (isLarge && dataFile !== undefined) {
      initializer.push({ ...tensor, ...externalData(dataFile, offset, value) });
      const padding = (DATA_ALIGNMENT - (byteLength % DATA_ALIGNMENT)) % DATA_ALIGNMENT;
      data.push(bytes(), new Uint8Array(padding));
      offset += byteLength + padding;
    } else {
      initializer.push({ ...tensor, rawData: bytes() });
      inside += byteLength;
    }
  }
  if (inside > MOST_BYTES - 2 ** 20) {
    throw new AttnError(
      'UNSUPPORTED',
      'onnx/compile',
      `a model must be below 2 GB, got ${inside} bytes of weights`,
    );
  }
  const opsetImport = [{ domain: '', version: OPSET }];
  if (builder.domains.has(MICROSOFT)) opsetImport.push({ domain: MICROSOFT, version: MICROSOFT_OPSET });
  const message = protobuf.onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: '@attn/onnx',
    opsetImport,
    graph: { ...builder.main.toProto(name), initializer },
  });
  const model = protobuf.onnx.ModelProto.encode(message).finish();
  // Small ones stand in a buffer that others share, which a receiver might transfer to a worker.
  return { model: model.byteLength === model.buffer.byteLength ? model : model.slice(), data, weights };
}

function externalData(file: string, offset: number, { byteLength }: Initializer): Onnx.ITensorProto {
  return {
    dataLocation: protobuf.onnx.TensorProto.DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: file },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(byteLength) },
    ],
  };
}
