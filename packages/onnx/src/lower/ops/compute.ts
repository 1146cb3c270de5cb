/** Lowers products, sums, normalisations and reductions. */
import { byteLengthOf, isLazy, sizeOf, type NodeOf, type ValueId } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { UNARY } from './unary.ts';

/** Lowers one `linear` node. */
export function lowerLinear(context: LoweringContext, node: NodeOf<'linear'>): void {
  const { main } = context;
  const [id] = node.outputs;
  const [outFeatures, inFeatures] = context.spec(node.inputs.weight).shape;
  const { shape } = context.spec(id);
  const rows = sizeOf(shape.slice(0, -1));
  const x = main.reshape(context.value(node.inputs.x), [rows, inFeatures]);
  const pieces = weightPieces(context, node, rows);
  const y =
    pieces === undefined
      ? product(context, x, context.value(node.inputs.weight), context.input(node, 'bias'))
      : main.op(
          'Concat',
          pieces.map(({ weight, bias }) => product(context, x, weight, bias)),
          { axis: 1 },
        );
  const { activation } = node.attributes;
  const activated = activation === undefined ? y : UNARY[activation](context, y);
  context.setComputed(id, main.reshape(activated, [...shape.slice(0, -1), outFeatures]));
}

/** x · weightᵀ + bias. */
function product({ main }: LoweringContext, x: Name, weight: Name, bias: Name | undefined): Name {
  return main.op('Gemm', bias === undefined ? [x, weight] : [x, weight, bias], { transB: 1 });
}

/** Bytes of a piece of a weight. */
const PIECE_BYTES = 16 * 2 ** 20;

/** Products of more rows have results that are too large to be joined. */
const FEW_ROWS = 16;

/**
 * The pieces of a large weight, such as the words of a decoder; undefined where it is left whole. A session
 * packs each weight out of its file and then lets go of the file, so that pieces are never in memory twice at
 * one time.
 */
function weightPieces(
  context: LoweringContext,
  { inputs }: NodeOf<'linear'>,
  rows: number,
): { readonly weight: Name; readonly bias: Name | undefined }[] | undefined {
  const [weight, bias] = [inputs.weight, inputs.bias].map((id) => context.constant(id));
  const isMapped = weight?.dtype === 'f32' && isLazy(weight) && weight.file !== undefined;
  if (!context.options.savesMemory || !isMapped || rows > FEW_ROWS) return undefined;
  if (inputs.bias !== undefined && bias?.dtype !== 'f32') return undefined;
  const bytes = byteLengthOf(weight);
  if (bytes <= 2 * PIECE_BYTES) return undefined;
  const most = Math.ceil((PIECE_BYTES * weight.shape[0]) / bytes);
  const piecesOf = (id: ValueId): readonly Name[] => context.constantPieces(id, most);
  const biases = bias && piecesOf(inputs.bias);
  return piecesOf(inputs.weight).map((name, i) => ({ weight: name, bias: biases?.[i] }));
}

/** Lowers one `matmul` node. */
export function lowerMatmul(context: LoweringContext, node: NodeOf<'matmul'>): void {
  const { main, model, options } = context;
  const { transposeA = false, transposeB = false } = node.attributes;
  const [id] = node.outputs;
  const { shape } = context.spec(id);
  if (context.spec(node.inputs.a).shape.at(transposeA ? -2 : -1) === 0) {
    // A sum without terms is 0. ONNX Runtime would leave the output uninitialised.
    context.setComputed(id, main.op('Expand', [model.scalar(0), model.integers(shape)]));
    return;
  }
  const [a, b] = [context.value(node.inputs.a), context.value(node.inputs.b)];
  if (!transposeA && !transposeB) {
    context.setComputed(node.outputs[0], main.op('MatMul', [a, b]));
    return;
  }
  if (!options.portable) {
    const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
    context.setComputed(node.outputs[0], main.op('FusedMatMul', [a, b], attributes, MICROSOFT));
    return;
  }
  const transposed = (name: string, rank: number): string => {
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    return main.op('Transpose', [name], { perm: [...perm.slice(0, -2), rank - 1, rank - 2] });
  };
  const [rankA, rankB] = [node.inputs.a, node.inputs.b].map((id) => context.spec(id).shape.length);
  const product = [transposeA ? transposed(a, rankA) : a, transposeB ? transposed(b, rankB) : b];
  context.setComputed(node.outputs[0], main.op('MatMul', product));
}

/** Lowers one `layerNorm` node. */
export function lowerLayerNorm(context: LoweringContext, node: NodeOf<'layerNorm'>): void {
  const { main, model } = context;
  const features = context.spec(node.inputs.x).shape.at(-1) ?? 1;
  const weight =
    context.input(node, 'weight') ?? main.op('Expand', [model.scalar(1), model.integers([features])]);
  const bias = context.input(node, 'bias');
  const inputs = [context.value(node.inputs.x), weight, ...(bias === undefined ? [] : [bias])];
  const attributes = { axis: -1, epsilon: { float: node.attributes.eps } };
  context.setComputed(node.outputs[0], main.op('LayerNormalization', inputs, attributes));
}

/**
 * Lowers one `rmsNorm` node: ONNX Runtime's own operator for it, or where there are only standard ones,
 * those that make it up.
 */
export function lowerRmsNorm(context: LoweringContext, node: NodeOf<'rmsNorm'>): void {
  const { main, model, options } = context;
  const { eps, weightOffset } = node.attributes;
  const x = context.value(node.inputs.x);
  const stored = context.input(node, 'weight');
  const weight =
    stored === undefined || weightOffset === 0
      ? stored
      : main.op('Add', [stored, model.scalar(weightOffset)]);
  if (!options.portable) {
    const features = context.spec(node.inputs.x).shape.at(-1) ?? 1;
    const scale = weight ?? main.op('Expand', [model.scalar(1), model.integers([features])]);
    const attributes = { axis: -1, epsilon: { float: eps }, stash_type: 1 };
    context.setComputed(node.outputs[0], main.op('SimplifiedLayerNormalization', [x, scale], attributes));
    return;
  }
  const squares = main.op('ReduceMean', [main.op('Mul', [x, x]), model.integers([-1])], { keepdims: 1 });
  const normal = main.op('Div', [x, main.op('Sqrt', [main.op('Add', [squares, model.scalar(eps)])])]);
  context.setComputed(node.outputs[0], weight === undefined ? normal : main.op('Mul', [normal, weight]));
}

/** Lowers one `softmax` node. A slice that is all −∞ gives 0. */
export function lowerSoftmax(context: LoweringContext, node: NodeOf<'softmax'>): void {
  const { main, model } = context;
  const { axis } = node.attributes;
  const x = context.value(node.inputs.x);
  const axes = model.integers([axis]);
  const minusInfinity = model.scalar(-Infinity);
  // A maximum may lose NaN. The sum of a slice with a NaN is NaN, not −∞.
  const isLow = main.op('Equal', [main.op('ReduceMax', [x, axes], { keepdims: 1 }), minusInfinity]);
  const sumIsLow = main.op('Equal', [main.op('ReduceSum', [x, axes], { keepdims: 1 }), minusInfinity]);
  const isEmpty = main.op('And', [isLow, sumIsLow]);
  const softmax = main.op('Softmax', [x], { axis });
  context.setComputed(node.outputs[0], main.op('Where', [isEmpty, model.scalar(0), softmax]));
}

/** Lowers one `reduce` node. ONNX Runtime's maxima may lose NaN, so NaN is added to them. */
export function lowerReduce(context: LoweringContext, node: NodeOf<'reduce'>): void {
  const { main, model } = context;
  const { axis, kind } = node.attributes;
  const x = context.value(node.inputs.x);
  const over = (op: string, operand: string): string =>
    main.op(op, [operand, model.integers([axis])], { keepdims: 0 });
  switch (kind) {
    case 'sum':
      return context.setComputed(node.outputs[0], over('ReduceSum', x));
    case 'mean':
      return context.setComputed(node.outputs[0], over('ReduceMean', x));
    case 'max': {
      const nans = main.op('Where', [main.op('IsNaN', [x]), x, model.scalar(0)]);
      const greatest = main.op('Add', [over('ReduceMax', x), over('ReduceSum', nans)]);
      return context.setComputed(node.outputs[0], greatest);
    }
    default:
      return kind satisfies never;
  }
}
