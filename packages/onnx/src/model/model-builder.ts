/**
 * Writes ONNX graphs node by node with the maintained protobuf definitions. A value is its name; names are made here, so that
 * they are unique in the whole model, bodies of `Scan` and `If` included, which may read the values of the graph around them.
 */
import { type Tensor } from '@attn/core';
import { byteLengthOf, type FileSpan } from '@attn/core/backend';
import protobuf, { type onnx as Onnx } from 'onnx-proto';
import { ELEMENT, type ElementType } from './dtypes.ts';

const { AttributeType } = protobuf.onnx.AttributeProto;

/** The name of a value. */
export type Name = string;

/** An extent, or the name of one that is only known when the model runs. */
export type Dim = number | string;

/** What a value holds. */
export interface ValueType {
  readonly dtype: ElementType;
  /** Undefined where not even the number of axes is written down. */
  readonly shape: readonly Dim[] | undefined;
}

/** A float attribute: plain numbers are integers to ONNX. */
export interface FloatAttribute {
  readonly float: number;
}

/** Attributes of a node: integers, floats, lists of integers, strings, bodies. */
export type Attribute = number | FloatAttribute | readonly number[] | string | GraphScope;

/** Weights and tables: their bytes, as a file holds them. */
export interface Initializer extends ValueType {
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Of lazy tensors they are read anew. */
  readonly bytes: () => Uint8Array;
  /** Where they lie already. */
  readonly file?: FileSpan;
}

/** Names, initializers and domains of one model. */
export class ModelBuilder {
  readonly initializers: Map<Name, Initializer> = new Map();
  readonly domains: Set<string> = new Set();
  /** The outermost graph. */
  readonly main: GraphScope;
  private readonly shared = new Map<string, Name>();
  private readonly taken = new Set<Name>();

  constructor() {
    this.main = new GraphScope(this);
  }

  /** A name that is not taken: `wish`, or it with a number. */
  name(wish: string): Name {
    let name = wish;
    for (let i = 1; this.taken.has(name); i++) name = `${wish}_${i}`;
    this.taken.add(name);
    return name;
  }

  /** A constant of any bodies and graphs of the model. */
  private initializer(wish: string, value: Initializer): Name {
    const name = this.name(wish);
    this.initializers.set(name, value);
    return name;
  }

  /** A tensor as a constant. Its bytes are not copied, and those of a lazy one not read. */
  tensor(wish: string, tensor: Tensor): Name {
    const { dtype, shape, file } = tensor;
    const bytes = (): Uint8Array => bytesOf(tensor.data);
    return this.initializer(wish, { dtype, shape, byteLength: byteLengthOf(tensor), bytes, file });
  }

  /** An array as a constant. Its bytes are not copied. */
  array(wish: string, type: Pick<Initializer, 'dtype' | 'shape'>, data: ArrayBufferView): Name {
    return this.initializer(wish, { ...type, byteLength: data.byteLength, bytes: () => bytesOf(data) });
  }

  /** A short list of 64-bit integers, such as a shape; equal ones are one. */
  integers(values: readonly number[]): Name {
    return this.remember(`i64[] ${values.join()}`, () => {
      const data = BigInt64Array.from(values, BigInt);
      return this.array('integers', { dtype: 'i64', shape: [values.length] }, data);
    });
  }

  /** A number of one dtype, with no axes; equal ones are one. */
  scalar(value: number, dtype: 'f32' | 'i32' | 'i64' = 'f32'): Name {
    return this.remember(`${dtype} ${Object.is(value, -0) ? '-0' : value}`, () => {
      const data =
        dtype === 'f32'
          ? Float32Array.of(value)
          : dtype === 'i32'
            ? Int32Array.of(value)
            : BigInt64Array.of(BigInt(value));
      return this.array('scalar', { dtype, shape: [] }, data);
    });
  }

  private remember(key: string, make: () => Name): Name {
    const known = this.shared.get(key) ?? make();
    this.shared.set(key, known);
    return known;
  }
}

/** A graph in the making: the model's own, or a body. */
export class GraphScope {
  readonly model: ModelBuilder;
  readonly nodes: Onnx.INodeProto[] = [];
  private readonly inputs: Onnx.IValueInfoProto[] = [];
  private readonly outputs: Onnx.IValueInfoProto[] = [];

  constructor(model: ModelBuilder) {
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

  /** Adds a node with one output. Inputs that are left out are ''. */
  op(
    opType: string,
    inputs: readonly Name[],
    attributes: Readonly<Record<string, Attribute | undefined>> = {},
    domain = '',
  ): Name {
    return this.ops(opType, inputs, 1, attributes, domain)[0];
  }

  /** Adds a node with several outputs. */
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

  /** What a value was before the last node reshaped it, which then goes; the value itself if it did not. */
  beforeReshape(value: Name): Name {
    const last = this.nodes.at(-1);
    if (last?.opType !== 'Reshape' || !this.isLast(value)) return value;
    this.nodes.pop();
    return last.input?.[0] ?? value;
  }

  /** Whether a value is the only output of the last node, so that nothing reads it yet. */
  isLast(value: Name): boolean {
    const output = this.nodes.at(-1)?.output;
    return output?.length === 1 && output[0] === value;
  }

  /** Gives the output of the last node another name, as close to `wish` as there is one. */
  rename(value: Name, wish: string): Name {
    const node = this.nodes.at(-1);
    if (!this.isLast(value) || !node?.output) throw new RangeError(`${value} is not that of the last node`);
    const name = this.model.name(wish);
    node.output[0] = name;
    return name;
  }

  /** A body that reads values of this graph. */
  body(): GraphScope {
    return new GraphScope(this.model);
  }

  /** The names of the inputs. */
  get inputNames(): Name[] {
    return this.inputs.map(({ name }) => name ?? '');
  }

  /** The protobuf message, without initializers. */
  toProto(name: string): Onnx.IGraphProto {
    return { name, node: this.nodes, input: this.inputs, output: this.outputs };
  }

  /** Reshape; one extent may be −1. With `keeps`, 0 keeps an extent rather than to mean nothing at all. */
  reshape(value: Name, shape: readonly number[], { keeps = false }: { readonly keeps?: boolean } = {}): Name {
    return this.op('Reshape', [value, this.model.integers(shape)], keeps ? {} : { allowzero: 1 });
  }

  /** Cast. */
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

/** The bytes of an array, not copied. ONNX is little-endian, as all machines that JavaScript runs on are. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
