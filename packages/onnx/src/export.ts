/** A graph as a file. */
import { AttnError, type Graph } from '@attn/core';
import { aBoolean, aString, checkGraph, checkOptions, PlanCache, type OptionKinds } from '@attn/core/backend';
import { lowerGraph } from './lower/lower.ts';
import { encodeModel } from './model/encode.ts';

/** Options of `exportOnnx`. */
export interface ExportOptions {
  /** Standard operators only, for runtimes without com.microsoft's. Default false. */
  readonly portable?: boolean;
  /** Name of a file beside the model that large weights go to. Default: all weights are in the model, which then must be below 2 GB. */
  readonly dataFile?: string;
}

const EXPORT_OPTIONS: OptionKinds<ExportOptions> = { portable: aBoolean, dataFile: aString };

const WHERE = 'onnx/export';

/** An exported model. */
export interface ExportedModel {
  /** The model. */
  readonly model: Uint8Array;
  /** What the data file holds, one after another; empty without one. */
  readonly data: readonly Uint8Array[];
  /** The model's names of the graph's inputs and outputs. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * Writes a graph as one ONNX model (opset 18). Its inputs and outputs are named as in the graph. Masks, lengths and other data
 * that decide on the pattern must be constants of the graph. Errors: `UNSUPPORTED`.
 */
export function exportOnnx(graph: Graph, options: ExportOptions = {}): ExportedModel {
  checkGraph(graph, WHERE);
  const { portable = false, dataFile } = checkOptions(WHERE, options, EXPORT_OPTIONS);
  const { model, inputs, outputs, planFeeds } = lowerGraph(graph, new PlanCache(), { portable });
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
