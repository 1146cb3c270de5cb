/**
 * Builds an ONNX model node by node, with the maintained protobuf definitions. A value is its name. The
 * builder chooses names, so that they are unique in the whole model: the bodies of `Scan` and `If` may read
 * values of the graph around them.
 */
import { type Tensor } from '@attn/core';
import { byteLengthOf, isLazy } from '@attn/core/backend';
import protobuf, { type onnx as Onnx } from 'onnx-proto';
import { ELEMENT, type ElementType } from './dtypes.ts';
import type { Initializer, Name, ValueType } from './values.ts';

const { AttributeType } = protobuf.onnx.AttributeProto;

/** Models are of this version of the standard, which ONNX Runtime has from 1.14 on, unless they need more. */
const OPSET = 18;

/** A float attribute of a node. Plain numbers are integer attributes. */
export interface FloatAttribute {
  readonly float: number;
}

/** An attribute of a node: an integer, a float, a list of integers, a string, or a body. */
export type Attribute = number | FloatAttribute | readonly number[] | string | GraphScope;

/** Dtypes of scalars. */
type ScalarType = 'f32' | 'f64' | 'i32' | 'i64' | 'u8';

const SCALAR_ARRAYS: Readonly<Record<ScalarType, (value: number) => ArrayBufferView>> = {
  f32: (value) => Float32Array.of(value),
  f64: (value) => Float64Array.of(value),
  i32: (value) => Int32Array.of(value),
  i64: (value) => BigInt64Array.of(BigInt(value)),
  u8: (value) => Uint8Array.of(value),
};

/** One ONNX model under construction: its graph, its constants and the names that are in use. */
export class OnnxModelBuilder {
  /** Constants by name. */
  readonly initializers: Map<Name, Initializer> = new Map();
  /** The version of the standard's operators that the model needs; `requireOpset` raises it. */
  opset: number = OPSET;
  /** Domains of the operators in use. */
  readonly domains: Set<string> = new Set();
  /** The outermost graph. */
  readonly main: GraphScope;
  /** Integers and scalars by content: equal ones share a name. */
  private readonly sharedConstants = new Map<string, Name>();
  private readonly usedNames = new Set<Name>();

  constructor() {
    this.main = new GraphScope(this);
  }

  /** Reserves a name: `wish` itself if it is free, else `wish` with a number. */
  name(wish: string): Name {
    let name = wish;
    for (let i = 1; this.usedNames.has(name); i++) name = `${wish}_${i}`;
    this.usedNames.add(name);
    return name;
  }

  /** Makes the model one of a later version of the standard, for an operator that needs it. */
  requireOpset(version: number): void {
    this.opset = Math.max(this.opset, version);
  }

  /** Adds a constant, which the graph and all bodies can read. */
  private initializer(wish: string, value: Initializer): Name {
    const name = this.name(wish);
    this.initializers.set(name, value);
    return name;
  }

  /**
   * Adds a tensor as a constant, perhaps as one of another type that has the same bytes. The bytes are not
   * copied; those of a lazy tensor are not read yet.
   */
  tensor(wish: string, tensor: Tensor, as: Pick<Initializer, 'dtype' | 'shape'> = tensor): Name {
    const { dtype, shape } = as;
    const file = isLazy(tensor) ? tensor.file : undefined;
    const bytes = (): Uint8Array => bytesOf(tensor.data);
    const byteLength = byteLengthOf(tensor);
    return this.initializer(wish, { dtype, shape, byteLength, bytes, file, isLazy: isLazy(tensor) });
  }

  /** Adds the slices of a tensor along its first axis as constants, without that axis. Nothing is copied. */
  parts(wish: string, tensor: Tensor): readonly Name[] {
    const [count, ...rest] = tensor.shape;
    return Array.from({ length: count }, (_, index) =>
      this.part(`${wish}.${index}`, tensor, [index, 1], rest),
    );
  }

  /** Adds a tensor as several constants, of at most `most` rows of its first axis each. Nothing is copied. */
  pieces(wish: string, tensor: Tensor, most: number): readonly Name[] {
    const [rows, ...rest] = tensor.shape;
    return Array.from({ length: Math.ceil(rows / most) }, (_, index) => {
      const count = Math.min(most, rows - index * most);
      return this.part(`${wish}.${index}`, tensor, [index * most, count], [count, ...rest]);
    });
  }

  /** Adds some rows of a tensor's first axis, in a shape. */
  private part(
    wish: string,
    tensor: Tensor,
    [first, count]: readonly [first: number, count: number],
    shape: readonly number[],
  ): Name {
    const { dtype } = tensor;
    const whole = isLazy(tensor) ? tensor.file : undefined;
    const rowBytes = byteLengthOf(tensor) / Math.max(1, tensor.shape[0]);
    const [from, byteLength] = [first * rowBytes, count * rowBytes];
    const bytes = (): Uint8Array => bytesOf(tensor.data).subarray(from, from + byteLength);
    const file = whole && { ...whole, byteOffset: whole.byteOffset + from, byteLength };
    return this.initializer(wish, { dtype, shape, byteLength, bytes, file, isLazy: isLazy(tensor) });
  }

  /** Adds a constant whose bytes are made when somebody asks for them, and then not kept. */
  made(
    wish: string,
    type: Pick<Initializer, 'dtype' | 'shape' | 'byteLength'>,
    bytes: () => Uint8Array,
  ): Name {
    return this.initializer(wish, { ...type, bytes, isLazy: true });
  }

  /** Adds an array as a constant. Its bytes are not copied. */
  array(wish: string, type: Pick<Initializer, 'dtype' | 'shape'>, data: ArrayBufferView): Name {
    const { byteLength } = data;
    return this.initializer(wish, { ...type, byteLength, bytes: () => bytesOf(data), isLazy: false });
  }

  /** Adds a short list of 64-bit integers, such as a shape. Equal lists share one constant. */
  integers(values: readonly number[]): Name {
    return this.sharedConstant(`i64[] ${values.join()}`, () => {
      const data = BigInt64Array.from(values, BigInt);
      return this.array('integers', { dtype: 'i64', shape: [values.length] }, data);
    });
  }

  /** Adds a number without axes. Equal numbers of one dtype share one constant. */
  scalar(value: number, dtype: ScalarType = 'f32'): Name {
    return this.sharedConstant(`${dtype} ${Object.is(value, -0) ? '-0' : value}`, () =>
      this.array('scalar', { dtype, shape: [] }, SCALAR_ARRAYS[dtype](value)),
    );
  }

  private sharedConstant(key: string, add: () => Name): Name {
    const name = this.sharedConstants.get(key) ?? add();
    this.sharedConstants.set(key, name);
    return name;
  }
}

/** A graph under construction: the model's own, or the body of a `Scan` or `If`. */
export class GraphScope {
  readonly model: OnnxModelBuilder;
  readonly nodes: Onnx.INodeProto[] = [];
  private readonly inputs: Onnx.IValueInfoProto[] = [];
  private readonly outputs: Onnx.IValueInfoProto[] = [];

  constructor(model: OnnxModelBuilder) {
    this.model = model;
  }

  /** Declares an input of this graph. */
  input(wish: string, type: ValueType): Name {
    const name = this.model.name(wish);
    this.inputs.push(valueInfo(name, type));
    return name;
  }

  /** Declares a value as the next output of this graph. */
  output(name: Name, type: ValueType): void {
    this.outputs.push(valueInfo(name, type));
  }

  /** Adds a node with one output. An omitted input is ''. */
  op(
    opType: string,
    inputs: readonly Name[],
    attributes: Readonly<Record<string, Attribute | undefined>> = {},
    domain = '',
  ): Name {
    return this.ops(opType, inputs, 1, attributes, domain)[0];
  }

  /** Adds a node with several outputs. An omitted input is ''. */
  ops(
    opType: string,
    inputs: readonly Name[],
    outputCount: number,
    attributes: Readonly<Record<string, Attribute | undefined>> = {},
    domain = '',
  ): Name[] {
    const output = Array.from({ length: outputCount }, () => this.model.name(opType.toLowerCase()));
    this.model.domains.add(domain);
    this.nodes.push({
      opType,
      domain,
      name: output[0],
      input: [...inputs],
      output,
      attribute: Object.entries(attributes).flatMap(([name, value]) =>
        value === undefined ? [] : [attributeProto(name, value)],
      ),
    });
    return output;
  }

  /**
   * Removes the last node if it is the Reshape that gave `value`, and returns what it reshaped. Returns
   * `value` itself otherwise.
   */
  removeLastReshape(value: Name): Name {
    const last = this.nodes.at(-1);
    if (last?.opType !== 'Reshape' || !this.isOutputOfLastNode(value)) return value;
    this.nodes.pop();
    return last.input?.[0] ?? value;
  }

  /** Whether a value is the only output of the last node, so that no node reads it yet. */
  isOutputOfLastNode(value: Name): boolean {
    const output = this.nodes.at(-1)?.output;
    return output?.length === 1 && output[0] === value;
  }

  /**
   * Renames the output of the last node to `wish`, with a number if that name is in use. Returns the name.
   */
  rename(value: Name, wish: string): Name {
    const node = this.nodes.at(-1);
    if (!this.isOutputOfLastNode(value) || !node?.output)
      throw new RangeError(`${value} is not the output of the last node`);
    const name = this.model.name(wish);
    node.output[0] = name;
    return name;
  }

  /** Begins a body, which may read values of this graph. */
  body(): GraphScope {
    return new GraphScope(this.model);
  }

  /** The names of this graph's inputs, in order. */
  get inputNames(): Name[] {
    return this.inputs.map(({ name }) => name ?? '');
  }

  /** The protobuf message, without initializers. */
  toProto(name: string): Onnx.IGraphProto {
    return { name, node: this.nodes, input: this.inputs, output: this.outputs };
  }

  /**
   * Adds a Reshape. One extent may be −1, which is inferred. An extent of 0 means an empty axis, or with
   * `zeroKeepsExtent` the extent that the value has there.
   */
  reshape(
    value: Name,
    shape: readonly number[],
    { zeroKeepsExtent = false }: { readonly zeroKeepsExtent?: boolean } = {},
  ): Name {
    return this.op('Reshape', [value, this.model.integers(shape)], zeroKeepsExtent ? {} : { allowzero: 1 });
  }

  /** Adds a Slice: the elements from one place to before another along an axis. */
  slice(value: Name, [from, to]: readonly [from: number, to: number], axis: number): Name {
    return this.op('Slice', [value, ...[from, to, axis].map((place) => this.model.integers([place]))]);
  }

  /** Adds a Cast. */
  cast(value: Name, to: ElementType): Name {
    return this.op('Cast', [value], { to: ELEMENT[to] });
  }
}

function valueInfo(name: Name, { dtype, shape }: ValueType): Onnx.IValueInfoProto {
  const dim = shape?.map((extent) =>
    typeof extent === 'string' ? { dimParam: extent } : { dimValue: extent },
  );
  return { name, type: { tensorType: { elemType: ELEMENT[dtype], shape: dim && { dim } } } };
}

function attributeProto(name: string, value: Attribute): Onnx.IAttributeProto {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string')
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (value instanceof GraphScope) return { name, type: AttributeType.GRAPH, g: value.toProto(name) };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

/** The bytes of an array, not copied. ONNX is little-endian, like all machines that JavaScript runs on. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
