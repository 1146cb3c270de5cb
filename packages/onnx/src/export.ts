/** @attn/onnx/export: writes graphs as ONNX models, without any runtime. */
import { AttnError, type Graph } from '@attn/core';
import {
  aBoolean,
  aString,
  checkGraph,
  checkOptions,
  PlanCache,
  withoutState,
  type OptionKinds,
} from '@attn/core/backend';
import { lowerGraph } from './lower/lower.ts';
import { encodeModel } from './model/encode.ts';

/** Options of `exportOnnx`. */
export interface ExportOptions {
  /** Write standard ONNX operators only, for runtimes without those of `com.microsoft`. Default: false. */
  readonly portable?: boolean;
  /**
   * Name of a file beside the model for weights of at least 1 kB. Default: none; all weights are in the
   * model, which then must be below 2 GB.
   */
  readonly dataFile?: string;
}

const EXPORT_OPTIONS: OptionKinds<ExportOptions> = { portable: aBoolean, dataFile: aString };

const WHERE = 'onnx/export';

/** An exported model. */
export interface ExportedModel {
  /** The bytes of the `.onnx` file. */
  readonly model: Uint8Array;
  /** The contents of the data file, part after part; empty without `dataFile`. */
  readonly data: readonly Uint8Array[];
  /** Names of the graph's inputs, and what the model calls them. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Names of the graph's outputs, and what the model calls them. */
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * Writes a graph as one ONNX model (opset 18; 21 where a portable model has weights of 4 bits), which any
 * ONNX Runtime runs in any language. Inputs and outputs are named as in the graph. A state becomes an input,
 * and what the graph makes of it an output of the same name. Masks, lengths and other
 * data that decide on the pattern must be constants of the graph. Errors: `INVALID_ARGUMENT`; `UNSUPPORTED`
 * where such data is an input, or where a model without a data file exceeds 2 GB.
 *
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { GraphBuilder, slidingWindow } from '@attn/core';
 * import { exportOnnx } from '@attn/onnx/export';
 *
 * const builder = new GraphBuilder();
 * const x = builder.input('x', { dtype: 'f32', shape: [1, 8, 4096, 64] });
 * const pattern = slidingWindow({ before: 256, after: 256 });
 * const { out } = builder.attention({ q: x, k: x, v: x }, { pattern });
 * await writeFile('window.onnx', exportOnnx(builder.build({ out })).model);
 */
export function exportOnnx(graph: Graph, options: ExportOptions = {}): ExportedModel {
  checkGraph(graph, WHERE);
  const { portable = false, dataFile } = checkOptions(WHERE, options, EXPORT_OPTIONS);
  const { model, inputs, outputs, planFeeds } = lowerGraph(withoutState(graph).graph, new PlanCache(), {
    portable,
  });
  if (planFeeds.length > 0) {
    throw new AttnError(
      'UNSUPPORTED',
      WHERE,
      'masks, lengths and segments that decide on the pattern must be constants of an exported graph, got inputs',
    );
  }
  const { model: bytes, data } = encodeModel(model, 'attn', { dataFile });
  return { model: bytes, data, inputs, outputs };
}
