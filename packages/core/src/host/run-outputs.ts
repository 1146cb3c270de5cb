/**
 * Tensors of the caller that a run writes its outputs to, so that no new memory is touched: checked once, for
 * every backend.
 */
import type { Tensors } from '../contract/backend.ts';
import { readEntries } from '../check/check-options.ts';
import { unknownName } from '../check/nearest-name.ts';
import { AttnError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { isLazy } from '../lazy-tensor.ts';
import { checkTensor, rowMajor, type Tensor } from '../tensor.ts';
import { checkSpecOf } from './run-inputs.ts';

const WHERE = 'core/run';

/**
 * Checks `RunOptions.outputs`, and returns the tensors with arrays of this realm, over the same memory.
 * Errors: `INVALID_ARGUMENT` for an unknown name, a strided view, and memory that an input, a constant or
 * another output uses; `INVALID_DTYPE`, `INVALID_SHAPE`.
 *
 * @param inputs what the run is fed, after its own check; tensors of a device may be among them
 */
export function checkRunOutputs(graph: Graph, inputs: object, outputs: Tensors | undefined): Tensors {
  if (outputs === undefined) return {};
  const used = [
    ...memoryOf(Object.entries(inputs), (name) => `input ${name}`),
    ...memoryOf([...graph.constants], () => 'a constant'),
  ];
  const checked: Record<string, Tensor> = {};
  for (const [name, value] of readEntries(WHERE, 'outputs', outputs)) {
    if (value === undefined) continue;
    const tensor = value as Tensor;
    const id = graph.outputs.get(name);
    if (id === undefined)
      throw new AttnError('INVALID_ARGUMENT', WHERE, unknownName('output', name, [...graph.outputs.keys()]));
    const what = `outputs.${name}`;
    checkTensor(tensor, WHERE, what);
    checkSpecOf(tensor, graph.values[id], WHERE, what);
    if (tensor.strides !== undefined || isLazy(tensor)) {
      const kind = tensor.strides === undefined ? 'a lazy tensor' : `strides [${tensor.strides.join(', ')}]`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, `${what} must be row-major and in memory, got ${kind}`);
    }
    const [own] = memoryOf([[name, tensor]], () => `output ${name}`);
    const other = used.find((memory) => overlap(memory, own));
    if (other !== undefined) {
      const message = `${what} must have memory of its own, got that of ${other.owner}`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
    used.push(own);
    checked[name] = rowMajor(tensor);
  }
  return checked;
}

/** Copies outputs to the caller's tensors, unless they are there, and returns these in their place. */
export function intoOutputs(results: Tensors, targets: Tensors): Tensors {
  for (const [name, { data }] of Object.entries(targets)) {
    const result = results[name].data;
    if (result !== data) data.set(result);
  }
  return { ...results, ...targets };
}

/** Some bytes of a buffer, and whose they are. */
interface Memory {
  readonly owner: string;
  readonly buffer: ArrayBufferLike;
  readonly from: number;
  readonly to: number;
}

function memoryOf<Name>(
  tensors: readonly (readonly [name: Name, tensor: unknown])[],
  ownerOf: (name: Name) => string,
): Memory[] {
  return tensors.flatMap(([name, tensor]) => {
    // What is on a device, or on disk, has no array.
    if (isLazy(tensor as Tensor) || !ArrayBuffer.isView((tensor as Tensor).data)) return [];
    const { buffer, byteOffset, byteLength } = (tensor as Tensor).data;
    return [{ owner: ownerOf(name), buffer, from: byteOffset, to: byteOffset + byteLength }];
  });
}

function overlap(a: Memory, b: Memory): boolean {
  return a.buffer === b.buffer && a.from < b.to && b.from < a.to;
}
