/** Encodes a finished model as the bytes of a file, and its weights where they are kept outside of it. */
import { AttnError } from '@attn/core';
import protobuf, { type onnx as Onnx } from 'onnx-proto';
import { ELEMENT } from './dtypes.ts';
import { MICROSOFT } from './domains.ts';
import type { FileSpan } from '@attn/core/backend';
import type { OnnxModelBuilder } from './onnx-model-builder.ts';
import type { Initializer, Name } from './values.ts';

/** The version of the file format: for the operators of opset 18, and for later ones. */
const IR_VERSION = 8;
const LATER = { opset: 21, irVersion: 10 };
const MICROSOFT_OPSET = 1;

/** The largest protobuf message, in bytes. */
const MOST_BYTES = 2 ** 31 - 1;

/** Weights in the data file begin at pages, so that runtimes can map them into memory. */
export const DATA_ALIGNMENT = 4096;

/** Weights of at least this many bytes are large. */
export const LARGE_BYTES = 1024;

/** Where `encodeModel` puts weights. */
export interface EncodeOptions {
  /**
   * Name of the data file for large weights, as the model refers to it. Default: none; weights are in the
   * model.
   */
  readonly dataFile?: string;
  /**
   * Instead of a data file, make each large weight a file of its own, for runtimes that read files from
   * memory. Nothing is copied. Default: false.
   */
  readonly separateWeights?: boolean;
  /**
   * Leave large weights that are in files of this folder where they are, unread, for runtimes that map them.
   */
  readonly weightFolder?: string;
  /** Where weights are in files, instead of where the weights themselves say. */
  readonly places?: ReadonlyMap<Name, FileSpan>;
  /** Weights of at least this many bytes are large. Default: `LARGE_BYTES`. */
  readonly dataThreshold?: number;
}

/** A weight as a file in memory. */
export interface WeightFile {
  /** The path by which the model refers to the file. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** The files of a model. */
export interface EncodedModel {
  /** The bytes of the `.onnx` file. */
  readonly model: Uint8Array;
  /** The contents of the data file, part after part; empty without `dataFile`. */
  readonly data: readonly Uint8Array[];
  /** The weights as files of their own; empty without `separateWeights`. */
  readonly weights: readonly WeightFile[];
}

/** Encodes a model. Errors: `UNSUPPORTED` when the weights inside of it exceed 2 GB. */
export function encodeModel(
  builder: OnnxModelBuilder,
  name: string,
  {
    dataFile,
    separateWeights = false,
    weightFolder,
    places,
    dataThreshold = LARGE_BYTES,
  }: EncodeOptions = {},
): EncodedModel {
  const data: Uint8Array[] = [];
  const weights: WeightFile[] = [];
  let offset = 0;
  let embeddedBytes = 0;
  const initializer: Onnx.ITensorProto[] = [];
  for (const [tensorName, value] of builder.initializers) {
    const { dtype, shape, byteLength, bytes } = value;
    const file = places?.get(tensorName) ?? value.file;
    const tensor = { name: tensorName, dataType: ELEMENT[dtype], dims: [...shape] };
    const isLarge = byteLength >= dataThreshold;
    if (isLarge && weightFolder !== undefined && file?.folder === weightFolder) {
      initializer.push({ ...tensor, ...externalData(file.name, file.byteOffset, value) });
    } else if (isLarge && separateWeights) {
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
      embeddedBytes += byteLength;
    }
  }
  if (embeddedBytes > MOST_BYTES - 2 ** 20) {
    throw new AttnError(
      'UNSUPPORTED',
      'onnx/compile',
      `a model must be below 2 GB, got ${embeddedBytes} bytes of weights`,
    );
  }
  const opsetImport = [{ domain: '', version: builder.opset }];
  if (builder.domains.has(MICROSOFT)) opsetImport.push({ domain: MICROSOFT, version: MICROSOFT_OPSET });
  const message = protobuf.onnx.ModelProto.create({
    irVersion: builder.opset >= LATER.opset ? LATER.irVersion : IR_VERSION,
    producerName: '@attn/onnx',
    opsetImport,
    graph: { ...builder.main.toProto(name), initializer },
  });
  const model = protobuf.onnx.ModelProto.encode(message).finish();
  // The encoder puts small models into a shared buffer, which a receiver might transfer to a worker: copy
  // them.
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
